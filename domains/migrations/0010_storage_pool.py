"""Storage in real use by domain, counted as it changes, and a pool that a domain may be given."""

from django.db import migrations, models

COUNT = r"""
CREATE FUNCTION domains_count_usage() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    delta bigint; box bigint; place bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        delta := -OLD.bytes; box := OLD.mailbox_id;
    ELSIF TG_OP = 'INSERT' THEN
        delta := NEW.bytes; box := NEW.mailbox_id;
    ELSE
        delta := NEW.bytes - OLD.bytes; box := NEW.mailbox_id;
    END IF;
    IF delta = 0 THEN RETURN NULL; END IF;
    SELECT a.domain_id INTO place
      FROM domains_mailbox m JOIN domains_address a ON a.id = m.address_id WHERE m.id = box;
    IF FOUND THEN
        INSERT INTO domains_domainusage AS now (domain_id, bytes) VALUES (place, delta)
        ON CONFLICT (domain_id) DO UPDATE SET bytes = now.bytes + delta;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER usage_of_domain AFTER INSERT OR DELETE OR UPDATE OF bytes ON domains_mailboxusage
    FOR EACH ROW EXECUTE FUNCTION domains_count_usage();

-- A mailbox that is renamed into another domain takes its bytes along.
CREATE FUNCTION domains_carry_usage() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    used bigint; before bigint; after bigint;
BEGIN
    SELECT u.bytes INTO used FROM domains_mailboxusage u WHERE u.mailbox_id = NEW.id;
    SELECT a.domain_id INTO before FROM domains_address a WHERE a.id = OLD.address_id;
    SELECT a.domain_id INTO after FROM domains_address a WHERE a.id = NEW.address_id;
    IF coalesce(used, 0) = 0 OR before = after THEN RETURN NULL; END IF;
    UPDATE domains_domainusage SET bytes = bytes - used WHERE domain_id = before;
    INSERT INTO domains_domainusage AS now (domain_id, bytes) VALUES (after, used)
    ON CONFLICT (domain_id) DO UPDATE SET bytes = now.bytes + used;
    RETURN NULL;
END $$;
CREATE TRIGGER usage_moves_along AFTER UPDATE OF address_id ON domains_mailbox
    FOR EACH ROW EXECUTE FUNCTION domains_carry_usage();

INSERT INTO domains_domainusage (domain_id, bytes)
SELECT a.domain_id, sum(u.bytes)
  FROM domains_mailboxusage u
  JOIN domains_mailbox m ON m.id = u.mailbox_id
  JOIN domains_address a ON a.id = m.address_id
 GROUP BY a.domain_id;
"""
STOP = """
DROP TRIGGER usage_of_domain ON domains_mailboxusage;
DROP TRIGGER usage_moves_along ON domains_mailbox;
DROP FUNCTION domains_count_usage();
DROP FUNCTION domains_carry_usage();
"""


class Migration(migrations.Migration):
    dependencies = [("domains", "0009_alias_domains")]

    operations = [
        migrations.AddField(
            "domain", "pool_bytes", models.PositiveBigIntegerField(blank=True, null=True)
        ),
        migrations.CreateModel(
            name="DomainUsage",
            fields=[
                (
                    "domain",
                    models.OneToOneField(
                        on_delete=models.deletion.CASCADE,
                        primary_key=True,
                        related_name="usage",
                        serialize=False,
                        to="domains.domain",
                    ),
                ),
                ("bytes", models.BigIntegerField(db_default=0, default=0)),
            ],
        ),
        migrations.RunSQL(COUNT, STOP),
    ]
