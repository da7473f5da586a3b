"""Sums the storage of a tenant's mailboxes as it changes, beside what its plan counts."""

from django.db import migrations

COUNT = r"""
-- What mailboxes hold more or less than before goes to their domains: a statement that changes many
-- mailboxes touches each domain once, in an order all agree on.
CREATE FUNCTION domains_add_bytes(boxes bigint[], deltas numeric[]) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF boxes IS NULL THEN RETURN; END IF;
    INSERT INTO domains_domainusage AS now (domain_id, bytes)
    SELECT a.domain_id, sum(r.delta)
      FROM unnest(boxes, deltas) AS r (box, delta)
      JOIN domains_mailbox m ON m.id = r.box
      JOIN domains_address a ON a.id = m.address_id
     GROUP BY a.domain_id HAVING sum(r.delta) <> 0 ORDER BY a.domain_id
    ON CONFLICT (domain_id) DO UPDATE SET bytes = now.bytes + excluded.bytes;
END $$;

DROP TRIGGER usage_of_domain ON domains_mailboxusage;
CREATE OR REPLACE FUNCTION domains_count_usage() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM domains_add_bytes(array_agg(r.mailbox_id), array_agg(r.bytes::numeric)) FROM come r;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM domains_add_bytes(array_agg(r.mailbox_id), array_agg(-r.bytes::numeric)) FROM gone r;
    ELSE
        PERFORM domains_add_bytes(array_agg(r.mailbox_id), array_agg(r.delta))
           FROM (SELECT mailbox_id, come.bytes::numeric - gone.bytes AS delta
                   FROM come JOIN gone USING (mailbox_id)) r
          WHERE r.delta <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER usage_come AFTER INSERT ON domains_mailboxusage REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION domains_count_usage();
CREATE TRIGGER usage_gone AFTER DELETE ON domains_mailboxusage REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION domains_count_usage();
CREATE TRIGGER usage_changed AFTER UPDATE ON domains_mailboxusage
    REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION domains_count_usage();

-- What domains hold goes on to their tenants, among what plans count.
CREATE FUNCTION domains_count_storage() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM domains_add_use('storage_bytes', d.tenant_id, sum(r.bytes)::bigint)
           FROM come r JOIN domains_domain d ON d.id = r.domain_id
          GROUP BY d.tenant_id HAVING sum(r.bytes) <> 0;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM domains_add_use('storage_bytes', d.tenant_id, -sum(r.bytes)::bigint)
           FROM gone r JOIN domains_domain d ON d.id = r.domain_id
          GROUP BY d.tenant_id HAVING sum(r.bytes) <> 0;
    ELSE
        PERFORM domains_add_use('storage_bytes', d.tenant_id, sum(r.bytes)::bigint)
           FROM (SELECT domain_id, bytes FROM come UNION ALL
                 SELECT domain_id, -bytes FROM gone) r
           JOIN domains_domain d ON d.id = r.domain_id
          GROUP BY d.tenant_id HAVING sum(r.bytes) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER storage_taken AFTER INSERT ON domains_domainusage REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION domains_count_storage();
CREATE TRIGGER storage_given_back AFTER DELETE ON domains_domainusage REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION domains_count_storage();
CREATE TRIGGER storage_changed AFTER UPDATE ON domains_domainusage
    REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION domains_count_storage();

-- A domain that moves takes its storage along. Held, so that what is delivered meanwhile is counted
-- before, and moves, or after, and counts for the new tenant.
CREATE FUNCTION domains_carry_storage() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    used bigint;
BEGIN
    SELECT u.bytes INTO used FROM domains_domainusage u
     WHERE u.domain_id = NEW.id AND u.bytes <> 0 FOR NO KEY UPDATE;
    IF FOUND THEN
        PERFORM domains_add_use('storage_bytes', OLD.tenant_id, -used);
        PERFORM domains_add_use('storage_bytes', NEW.tenant_id, used);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER storage_moves_along AFTER UPDATE OF tenant_id ON domains_domain
    FOR EACH ROW WHEN (OLD.tenant_id <> NEW.tenant_id) EXECUTE FUNCTION domains_carry_storage();

CREATE OR REPLACE FUNCTION domains_wrong_rooms()
    RETURNS TABLE (tenant_id bigint, room text, used bigint, found bigint)
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT tenant_id, room, coalesce(u.used, 0)::bigint, coalesce(c.found, 0)::bigint
      FROM (SELECT u.tenant_id, u.room::text, sum(u.used) AS used
              FROM domains_roomusage u GROUP BY 1, 2) u
      FULL JOIN (
        SELECT r.tenant_id, 'max_domains', count(*) FROM domains_domain r GROUP BY 1
        UNION ALL
        SELECT r.tenant_id, 'max_mailboxes', count(*) FROM domains_mailbox r GROUP BY 1
        UNION ALL
        SELECT r.tenant_id, 'max_aliases', count(*) FROM domains_alias r
         WHERE NOT EXISTS (SELECT FROM domains_address a
                    WHERE a.id = r.address_id AND a.localpart IN ('postmaster', 'abuse'))
         GROUP BY 1
        UNION ALL
        SELECT r.tenant_id, 'max_forwarders', count(*) FROM domains_forwarder r GROUP BY 1
        UNION ALL
        SELECT r.tenant_id, 'max_lists', count(*) FROM domains_group r GROUP BY 1
        UNION ALL
        SELECT r.tenant_id, 'storage_bytes', sum(u.bytes)
          FROM domains_mailboxusage u JOIN domains_mailbox r ON r.id = u.mailbox_id GROUP BY 1
      ) c (tenant_id, room, found) USING (tenant_id, room)
     WHERE coalesce(u.used, 0) <> coalesce(c.found, 0)
     ORDER BY 1, 2
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("domains", "0022_leavers_and_groups")]

    operations = [
        # Making triggers holds writers off until the end, so that nothing slips between.
        migrations.RunSQL(COUNT),
        migrations.RunSQL("SELECT domains_recount_rooms()", migrations.RunSQL.noop),
    ]
