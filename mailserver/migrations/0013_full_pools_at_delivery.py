# A full pool takes nothing whatever way mail came: Dovecot refuses it, and RCPT says so where it can.
from django.db import migrations

FUNCTIONS = """
-- Is the pool of the domain, or that of its tenant's plan, in use to the last byte? Few reads by key.
CREATE OR REPLACE FUNCTION mail_pool_is_full(domain bigint) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own domains_domain; pool bigint; used bigint;
BEGIN
    SELECT * INTO own FROM domains_domain d WHERE d.id = domain;
    IF own.pool_bytes IS NOT NULL THEN
        SELECT u.bytes INTO used FROM domains_domainusage u WHERE u.domain_id = domain;
        IF coalesce(used, 0) >= own.pool_bytes THEN RETURN true; END IF;
    END IF;
    SELECT p.storage_bytes INTO pool
      FROM accounts_tenant t JOIN accounts_plan p ON p.id = t.plan_id WHERE t.id = own.tenant_id;
    IF pool IS NULL THEN RETURN false; END IF;
    SELECT sum(r.used) INTO used
      FROM domains_roomusage r WHERE r.tenant_id = own.tenant_id AND r.room = 'storage_bytes';
    RETURN coalesce(used, 0) >= pool;
END $$;

-- The address that mail to this one is for in the end: a tag and an alias domain taken off, else the
-- catch-all. NULL: none here.
CREATE FUNCTION mail_lands_at(wanted text) RETURNS bigint LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found bigint := mail_address_of(wanted);
BEGIN
    IF found IS NULL THEN
        SELECT a.id INTO found
          FROM postfix_catch_alls c JOIN domains_address a ON a.email = c.destination
         WHERE c.name = split_part(lower(wanted), '@', 2);
    END IF;
    RETURN found;
END $$;

-- Is there room for mail to this address, in one of all the mailboxes it leads to? Outside there is,
-- and where it leads nowhere others say so. It ends at the first that has room.
CREATE FUNCTION mail_has_room(address bigint, steps integer DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own domains_address; box domains_mailbox; target bigint; leads_on boolean := false;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF NOT FOUND OR steps > 12 THEN RETURN true; END IF;
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = address;
    IF FOUND AND mail_box_keeps(box) THEN
        IF mail_pool_is_full(own.domain_id) THEN RETURN false; END IF;
        RETURN box.quota_bytes = 0 OR NOT EXISTS (
            SELECT FROM domains_mailboxusage u
             WHERE u.mailbox_id = box.id AND u.bytes >= box.quota_bytes);
    END IF;
    FOR target IN
        SELECT mail_lands_at(email) FROM unnest(box.forward_to) AS email
        UNION ALL
        SELECT t.address_id
          FROM domains_alias al
          JOIN domains_aliastarget t ON t.alias_id = al.id
          JOIN domains_mailbox tm ON tm.address_id = t.address_id AND mail_box_takes(tm)
         WHERE al.address_id = address
        UNION ALL
        SELECT mail_lands_at(ft.email)
          FROM domains_forwarder f JOIN domains_forwardertarget ft ON ft.forwarder_id = f.id
         WHERE f.address_id = address AND mail_passes(f.tenant_id, ft.email)
        UNION ALL
        SELECT gm.address_id
          FROM domains_group g
          JOIN domains_groupmember gm ON gm.group_id = g.id
          LEFT JOIN domains_mailbox tm ON tm.address_id = gm.address_id
         WHERE g.address_id = address AND (tm.id IS NULL OR mail_box_takes(tm))
    LOOP
        IF mail_has_room(target, steps + 1) THEN RETURN true; END IF;
        leads_on := true;
    END LOOP;
    RETURN NOT leads_on;
END $$;
DROP FUNCTION mail_keeps_nothing(bigint);

-- Why an address is refused at RCPT though its domain is ours. A forwarder that waits for the first
-- consent puts senders off (450): their servers try again while the link is good. Whether one mailbox
-- with a quota of its own is full, Dovecot knows better.
CREATE OR REPLACE FUNCTION postfix_refusal(wanted_localpart text, wanted_domain text)
    RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address; box domains_mailbox; host bigint; list domains_group;
BEGIN
    SELECT d.id INTO host FROM domains_domain d WHERE d.name = wanted_domain;
    IF NOT FOUND OR NOT mail_is_ours(host) THEN RETURN; END IF;
    IF NOT mail_hosts(host) THEN
        RETURN NEXT '550 5.2.1 This domain takes no mail at present'; RETURN;
    END IF;
    SELECT * INTO own FROM domains_address a
     WHERE a.email = split_part(wanted_localpart, '+', 1) || '@' || wanted_domain;
    IF FOUND THEN
        PERFORM 1 FROM domains_alias al WHERE al.address_id = own.id AND NOT al.is_enabled;
        IF NOT FOUND THEN
            PERFORM 1 FROM domains_forwarder f WHERE f.address_id = own.id AND NOT f.is_enabled;
        END IF;
        IF FOUND THEN RETURN NEXT '550 5.1.1 This address is switched off'; RETURN; END IF;
        SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = own.id;
        IF box.status = 'deleting' THEN
            RETURN NEXT '550 5.1.1 This mailbox was closed'; RETURN;
        ELSIF box.id IS NOT NULL AND NOT mail_box_takes(box) THEN
            RETURN NEXT '550 5.2.1 This mailbox takes no mail at present'; RETURN;
        ELSIF box.id IS NOT NULL AND mail_box_keeps(box) THEN
            IF mail_pool_is_full(host) THEN
                RETURN NEXT '552 5.2.2 The storage of this domain is full';
            END IF;
            RETURN;
        ELSIF NOT mail_leads_on(own.id) THEN
            RETURN NEXT CASE WHEN mail_waits(own.id)
                THEN '450 4.2.1 Who this address passes mail on to has not agreed yet, try again later'
                ELSE '550 5.2.1 This address passes mail on to nobody at present' END;
            RETURN;
        END IF;
        SELECT * INTO list FROM domains_group g WHERE g.address_id = own.id;
        IF NOT list.is_enabled THEN
            RETURN NEXT '550 5.1.1 This address is switched off';
        ELSIF NOT mail_has_room(own.id) THEN
            RETURN NEXT '552 5.2.2 There is no room left in any mailbox behind this address';
        ELSIF list.who_may_send <> 'anyone' THEN
            RETURN NEXT 'of_group';
        END IF;
        RETURN;
    END IF;
    SELECT m.* INTO box
       FROM domains_catchall c JOIN domains_mailbox m ON m.address_id = c.address_id
      WHERE c.domain_id = host;
    IF NOT FOUND THEN RETURN; END IF;
    IF NOT mail_box_takes(box) THEN
        RETURN NEXT '550 5.2.1 This mailbox takes no mail at present';
    ELSIF NOT mail_has_room(box.address_id) THEN
        RETURN NEXT '552 5.2.2 There is no room left in any mailbox behind this address';
    END IF;
END $$;

DROP VIEW dovecot_userdb;
DROP FUNCTION mail_user(text, bigint);
-- Sign-ins need the right; mail is delivered without it. The passwords and tokens were looked at
-- before: here a shared mailbox has a home as well, since its members open it over IMAP. What is
-- delivered fills the pool of the domain too; what a mail program stores, only the mailbox.
CREATE FUNCTION mail_user(wanted_service text, address bigint)
    RETURNS TABLE (username text, mailbox_id bigint, quota_bytes bigint, pool_is_full boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address; box domains_mailbox;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF wanted_service IN ('imap', 'pop3', 'smtp', 'sieve') THEN
        RETURN QUERY SELECT own.email::text, s.mailbox_id, s.quota_bytes, false
                       FROM mail_sign_in(
                           CASE wanted_service WHEN 'pop3' THEN 'pop3' ELSE 'token' END, address) s;
        RETURN;
    END IF;
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = address;
    IF wanted_service IN ('doveadm', 'indexer-worker') THEN
        IF FOUND THEN RETURN QUERY SELECT own.email::text, box.id, box.quota_bytes, false; END IF;
        RETURN;
    END IF;
    IF NOT mail_hosts(own.domain_id) THEN RETURN; END IF;
    IF box.id IS NOT NULL THEN
        IF mail_box_takes(box) AND (
            wanted_service <> 'quota-status' OR mail_box_keeps(box)) THEN
            RETURN QUERY SELECT own.email::text, box.id, box.quota_bytes,
                                mail_pool_is_full(own.domain_id);
        END IF;
        RETURN;
    END IF;
    IF wanted_service = 'quota-status' THEN
        RETURN QUERY
            SELECT ta.email::text, tm.id, tm.quota_bytes, mail_pool_is_full(ta.domain_id) AS no_pool
              FROM domains_alias al
              JOIN domains_aliastarget target ON target.alias_id = al.id
              JOIN domains_address ta ON ta.id = target.address_id
              JOIN domains_mailbox tm ON tm.address_id = ta.id
                   AND mail_box_takes(tm)
                   AND mail_box_keeps(tm)
              LEFT JOIN domains_mailboxusage u ON u.mailbox_id = tm.id
             WHERE al.address_id = address AND al.is_enabled
             ORDER BY no_pool, tm.quota_bytes = 0 DESC, tm.quota_bytes - coalesce(u.bytes, 0) DESC
             LIMIT 1;
    END IF;
END $$;
"""

VIEWS = """
-- Where the pool is full, nothing that has a size fits: a limit of one byte, since 0 means none. The
-- bounce gives the reason.
CREATE VIEW dovecot_userdb AS
SELECT v.service, a.email, s.username, s.mailbox_id, limits.quota_bytes,
       json_strip_nulls(json_build_object(
           'user', s.username,
           'home', current_setting('hopthu.mail_homes', true) || '/' || s.mailbox_id,
           'acl_groups', CASE v.service WHEN 'imap' THEN mail_acl_groups(s.mailbox_id) END,
           'quota_exceeded_message', limits.reason,
           'quota_rule', '*:bytes=' || limits.quota_bytes))::text AS val
  FROM domains_address a
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve'), ('lmtp'), ('lda'), ('doveadm'),
                    ('indexer-worker'), ('quota-status')) AS v (service)
 CROSS JOIN LATERAL mail_user(v.service, a.id) AS s
 CROSS JOIN LATERAL (
       SELECT CASE WHEN s.pool_is_full THEN 1 ELSE s.quota_bytes END AS quota_bytes,
              CASE WHEN s.pool_is_full THEN 'The storage of this domain is full' END AS reason
       ) AS limits;
"""

GRANTS = """
REVOKE INSERT, UPDATE, DELETE ON dovecot_userdb FROM hopthu_app;
GRANT SELECT ON dovecot_userdb TO dovecot_ro;
REVOKE EXECUTE ON FUNCTION mail_user(text, bigint), mail_lands_at(text),
    mail_has_room(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_user(text, bigint) TO dovecot_ro, hopthu_app;
GRANT EXECUTE ON FUNCTION mail_lands_at(text), mail_has_room(bigint, integer)
    TO postfix_ro, hopthu_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0012_who_shares"),
        ("domains", "0023_storage_is_counted"),
    ]
    operations = [migrations.RunSQL([FUNCTIONS, VIEWS, GRANTS])]
