# Suspended may mean that mail is refused, at a mailbox, a domain or a tenant; the end of a tenant ends
# everything below it.
from django.db import migrations

FUNCTIONS = """
-- Is this domain ours? Pending and deleted domains are not, nor is anything below an ended tenant.
CREATE OR REPLACE FUNCTION mail_is_ours(domain bigint) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM domains_domain d JOIN accounts_tenant t ON t.id = d.tenant_id
         WHERE d.id = domain AND d.status IN ('active', 'suspended')
           AND NOT EXISTS (  -- the path lists the ids from the root to the tenant
               SELECT FROM accounts_tenant line
                WHERE line.id = ANY (string_to_array(rtrim(t.path, '.'), '.')::bigint[])
                  AND line.status IN ('terminated', 'purged')));
END $$;

-- Does the installation take mail for this domain now? Suspended ones do unless told to refuse.
CREATE OR REPLACE FUNCTION mail_hosts(domain bigint) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM domains_domain d JOIN accounts_tenant t ON t.id = d.tenant_id
         WHERE d.id = domain
           AND (d.status = 'active' OR (d.status = 'suspended' AND NOT d.refuses_mail))
           AND NOT EXISTS (
               SELECT FROM accounts_tenant line
                WHERE line.id = ANY (string_to_array(rtrim(t.path, '.'), '.')::bigint[])
                  AND (line.status IN ('terminated', 'purged')
                       OR (line.status = 'suspended' AND line.refuses_mail))));
END $$;

-- Does a mailbox take mail, as far as it alone is concerned?
CREATE OR REPLACE FUNCTION mail_box_takes(box domains_mailbox) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT box.status = 'active' OR (box.status = 'suspended' AND NOT box.refuses_mail)
$$;

CREATE OR REPLACE FUNCTION mail_destinations(address bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address; box domains_mailbox;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF NOT mail_hosts(own.domain_id) THEN RETURN; END IF;
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = address;
    IF FOUND THEN
        IF mail_box_takes(box) THEN
            IF box.keep_copy OR box.forward_to = '{}' THEN RETURN NEXT own.email; END IF;
            RETURN QUERY SELECT unnest(box.forward_to)::text;
        END IF;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT ta.email::text
          FROM domains_alias al
          JOIN domains_aliastarget target ON target.alias_id = al.id
          JOIN domains_address ta ON ta.id = target.address_id
          JOIN domains_mailbox tm ON tm.address_id = ta.id AND mail_box_takes(tm)
         WHERE al.address_id = address AND al.is_enabled
           AND (ta.domain_id = own.domain_id OR mail_hosts(ta.domain_id));
    IF FOUND THEN RETURN; END IF;
    RETURN QUERY
        SELECT ft.email::text
          FROM domains_forwarder f
          JOIN domains_forwardertarget ft ON ft.forwarder_id = f.id
         WHERE f.address_id = address AND f.is_enabled;
END $$;

CREATE OR REPLACE FUNCTION mail_user(wanted_service text, address bigint)
    RETURNS TABLE (username text, mailbox_id bigint, quota_bytes bigint) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address; box domains_mailbox;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF wanted_service IN ('imap', 'pop3', 'smtp', 'sieve') THEN
        RETURN QUERY SELECT own.email::text, s.mailbox_id, s.quota_bytes
                       FROM mail_sign_in(wanted_service, address) s;
        RETURN;
    END IF;
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = address;
    IF wanted_service IN ('doveadm', 'indexer-worker') THEN
        IF FOUND THEN RETURN QUERY SELECT own.email::text, box.id, box.quota_bytes; END IF;
        RETURN;
    END IF;
    IF NOT mail_hosts(own.domain_id) THEN RETURN; END IF;
    IF box.id IS NOT NULL THEN
        IF mail_box_takes(box) AND (
            wanted_service <> 'quota-status' OR box.keep_copy OR box.forward_to = '{}') THEN
            RETURN QUERY SELECT own.email::text, box.id, box.quota_bytes;
        END IF;
        RETURN;
    END IF;
    IF wanted_service = 'quota-status' THEN
        RETURN QUERY
            SELECT ta.email::text, tm.id, tm.quota_bytes
              FROM domains_alias al
              JOIN domains_aliastarget target ON target.alias_id = al.id
              JOIN domains_address ta ON ta.id = target.address_id
              JOIN domains_mailbox tm ON tm.address_id = ta.id
                   AND mail_box_takes(tm)
                   AND (tm.keep_copy OR tm.forward_to = '{}')
              LEFT JOIN domains_mailboxusage u ON u.mailbox_id = tm.id
             WHERE al.address_id = address AND al.is_enabled
             ORDER BY tm.quota_bytes = 0 DESC, tm.quota_bytes - coalesce(u.bytes, 0) DESC
             LIMIT 1;
    END IF;
END $$;

-- Why an address is refused at RCPT though its domain is ours: switched off, closed, suspended, or
-- known only to a catch-all that is full. Dovecot's quota-status answers for all other full mailboxes.
-- Asked before anything else, so that the sender reads these words and not "unknown".
CREATE OR REPLACE FUNCTION postfix_refusal(wanted_localpart text, wanted_domain text)
    RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address; box domains_mailbox; host bigint;
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
            RETURN NEXT '550 5.1.1 This mailbox was closed';
        ELSIF box.id IS NOT NULL AND NOT mail_box_takes(box) THEN
            RETURN NEXT '550 5.2.1 This mailbox takes no mail at present';
        END IF;
        RETURN;
    END IF;
    SELECT m.* INTO box
       FROM domains_catchall c JOIN domains_mailbox m ON m.address_id = c.address_id
      WHERE c.domain_id = host;
    IF NOT FOUND THEN RETURN; END IF;
    IF NOT mail_box_takes(box) THEN
        RETURN NEXT '550 5.2.1 This mailbox takes no mail at present'; RETURN;
    END IF;
    PERFORM 1
       FROM domains_mailboxusage u
      WHERE u.mailbox_id = box.id AND (box.keep_copy OR box.forward_to = '{}')
        AND box.quota_bytes > 0 AND u.bytes >= box.quota_bytes;
    IF FOUND THEN RETURN NEXT '552 5.2.2 Mailbox is full'; END IF;
END $$;
"""

VIEWS = """
CREATE OR REPLACE VIEW postfix_domains AS
SELECT d.name FROM domains_domain d WHERE mail_is_ours(d.id);

CREATE OR REPLACE VIEW postfix_mailboxes AS
SELECT a.email AS address
  FROM domains_address a
  JOIN domains_mailbox m ON m.address_id = a.id
 WHERE mail_box_takes(m) AND mail_hosts(a.domain_id);

CREATE OR REPLACE VIEW postfix_catch_alls AS
SELECT d.name, ta.email AS destination
  FROM domains_domain d
  JOIN domains_catchall c ON c.domain_id = d.id
  JOIN domains_address ta ON ta.id = c.address_id
  JOIN domains_mailbox m ON m.address_id = ta.id
 WHERE mail_hosts(d.id) AND mail_box_takes(m);

REVOKE EXECUTE ON FUNCTION mail_is_ours(bigint), mail_box_takes(domains_mailbox) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_is_ours(bigint), mail_hosts(bigint), mail_box_takes(domains_mailbox)
    TO postfix_ro, hopthu_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0004_lookups_without_planning"),
        ("accounts", "0003_termination"),
        ("domains", "0005_suspension_and_end"),
    ]
    operations = [migrations.RunSQL([FUNCTIONS, VIEWS])]
