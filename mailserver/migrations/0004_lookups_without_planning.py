# The lookup views without planning: each joins `domains_address` with one function, whose plans the
# session keeps. As plain joins the same views took 2 to 5 ms each, nearly all of it planning.
from django.db import migrations

FUNCTIONS = """
-- Does the installation take mail for this domain? Pending domains and terminated tenants host nothing.
CREATE FUNCTION mail_hosts(domain bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT d.status IN ('active', 'suspended') AND t.status <> 'terminated'
      FROM domains_domain d JOIN accounts_tenant t ON t.id = d.tenant_id WHERE d.id = domain
$$;

-- Where mail to an address goes, one row each. A mailbox names itself, so that no catch-all swallows it.
CREATE FUNCTION mail_destinations(address bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address; box domains_mailbox;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF NOT mail_hosts(own.domain_id) THEN RETURN; END IF;
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = address;
    IF FOUND THEN
        IF box.status IN ('active', 'suspended') THEN
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
          JOIN domains_mailbox tm ON tm.address_id = ta.id AND tm.status IN ('active', 'suspended')
         WHERE al.address_id = address AND al.is_enabled;
    IF FOUND THEN RETURN; END IF;
    RETURN QUERY
        SELECT ft.email::text
          FROM domains_forwarder f
          JOIN domains_forwardertarget ft ON ft.forwarder_id = f.id
         WHERE f.address_id = address AND f.is_enabled;
END $$;

-- The mailbox of an address when somebody, or a token, may use it for this service now. A shared
-- mailbox has no owner and no password.
CREATE FUNCTION mail_sign_in(wanted_service text, address bigint)
    RETURNS TABLE (mailbox_id bigint, quota_bytes bigint, password text) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    RETURN QUERY
        SELECT m.id, m.quota_bytes, u.password::text
          FROM domains_mailbox m
          JOIN domains_address a ON a.id = m.address_id
          JOIN domains_domain d ON d.id = a.domain_id
          JOIN accounts_tenant t ON t.id = d.tenant_id
          LEFT JOIN accounts_user u ON u.id = m.owner_id
         WHERE m.address_id = address
           AND m.status = 'active' AND d.status = 'active'
           AND NOT EXISTS (  -- the path lists the ids from the root to the tenant
               SELECT 1 FROM accounts_tenant line
                WHERE line.id = ANY (string_to_array(rtrim(t.path, '.'), '.')::bigint[])
                  AND line.status <> 'active')
           AND (m.owner_id IS NULL OR (u.is_active AND u.suspended_at IS NULL))
           AND CASE wanted_service WHEN 'imap' THEN m.allow_imap WHEN 'sieve' THEN m.allow_imap
                    WHEN 'pop3' THEN m.allow_pop3 WHEN 'smtp' THEN m.allow_smtp ELSE false END;
END $$;

-- Who may send as an address: its mailbox, and the mailboxes an alias of this address delivers to.
CREATE FUNCTION mail_senders(address bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF NOT mail_hosts(own.domain_id) THEN RETURN; END IF;
    PERFORM 1 FROM mail_sign_in('smtp', address);
    IF FOUND THEN RETURN NEXT own.email; END IF;
    RETURN QUERY
        SELECT ta.email::text
          FROM domains_alias al
          JOIN domains_aliastarget target ON target.alias_id = al.id
          JOIN domains_address ta ON ta.id = target.address_id
         CROSS JOIN LATERAL mail_sign_in('smtp', ta.id)
         WHERE al.address_id = address AND al.is_enabled;
END $$;

-- The mailbox that a service of Dovecot opens for an address. Sign-ins need the right; mail is
-- delivered without it. quota-status is asked about the address as the sender wrote it, so an alias
-- answers with the mailbox behind it that has the most room.
CREATE FUNCTION mail_user(wanted_service text, address bigint)
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
        IF box.status IN ('active', 'suspended') AND (
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
                   AND tm.status IN ('active', 'suspended')
                   AND (tm.keep_copy OR tm.forward_to = '{}')
              LEFT JOIN domains_mailboxusage u ON u.mailbox_id = tm.id
             WHERE al.address_id = address AND al.is_enabled
             ORDER BY tm.quota_bytes = 0 DESC, tm.quota_bytes - coalesce(u.bytes, 0) DESC
             LIMIT 1;
    END IF;
END $$;

-- Why an address is refused at RCPT though its domain is ours: switched off, closed, or known only to
-- a catch-all that is full. Dovecot's quota-status answers for all other full mailboxes.
CREATE FUNCTION postfix_refusal(wanted_localpart text, wanted_domain text)
    RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address;
BEGIN
    SELECT * INTO own FROM domains_address a
     WHERE a.email = split_part(wanted_localpart, '+', 1) || '@' || wanted_domain;
    IF FOUND THEN
        PERFORM 1 FROM domains_alias al WHERE al.address_id = own.id AND NOT al.is_enabled;
        IF NOT FOUND THEN
            PERFORM 1 FROM domains_forwarder f WHERE f.address_id = own.id AND NOT f.is_enabled;
        END IF;
        IF FOUND THEN RETURN NEXT '550 5.1.1 This address is switched off'; RETURN; END IF;
        PERFORM 1 FROM domains_mailbox m WHERE m.address_id = own.id AND m.status = 'deleting';
        IF FOUND THEN RETURN NEXT '550 5.1.1 This mailbox was closed'; END IF;
        RETURN;
    END IF;
    PERFORM 1
       FROM domains_domain d
       JOIN domains_catchall c ON c.domain_id = d.id
       JOIN domains_mailbox m ON m.address_id = c.address_id
       JOIN domains_mailboxusage u ON u.mailbox_id = m.id
      WHERE d.name = wanted_domain AND (m.keep_copy OR m.forward_to = '{}')
        AND m.quota_bytes > 0 AND u.bytes >= m.quota_bytes;
    IF FOUND THEN RETURN NEXT '552 5.2.2 Mailbox is full'; END IF;
END $$;
"""

VIEWS = """
CREATE VIEW postfix_domains AS
SELECT d.name
  FROM domains_domain d
  JOIN accounts_tenant t ON t.id = d.tenant_id
 WHERE d.status IN ('active', 'suspended') AND t.status <> 'terminated';

CREATE VIEW postfix_mailboxes AS
SELECT a.email AS address
  FROM domains_address a
  JOIN domains_mailbox m ON m.address_id = a.id
  JOIN domains_domain d ON d.id = a.domain_id
  JOIN accounts_tenant t ON t.id = d.tenant_id
 WHERE m.status IN ('active', 'suspended')
   AND d.status IN ('active', 'suspended') AND t.status <> 'terminated';

CREATE VIEW postfix_aliases AS
SELECT a.email AS address, f.destination
  FROM domains_address a CROSS JOIN LATERAL mail_destinations(a.id) AS f (destination);

CREATE VIEW postfix_catch_alls AS
SELECT d.name, ta.email AS destination
  FROM domains_domain d
  JOIN accounts_tenant t ON t.id = d.tenant_id
  JOIN domains_catchall c ON c.domain_id = d.id
  JOIN domains_address ta ON ta.id = c.address_id
 WHERE d.status IN ('active', 'suspended') AND t.status <> 'terminated';

CREATE VIEW postfix_senders AS
SELECT a.email AS address, f.login
  FROM domains_address a CROSS JOIN LATERAL mail_senders(a.id) AS f (login);

-- Sign-in names that may send now: asked for each recipient, so that an open session ends too.
CREATE VIEW postfix_sign_ins AS
SELECT a.email AS login
  FROM domains_address a CROSS JOIN LATERAL mail_sign_in('smtp', a.id);

-- One row for each (service, email) that may sign in with the owner's password.
CREATE VIEW dovecot_passdb AS
SELECT v.service, a.email, '{ARGON2ID}' || substr(s.password, 7) AS password,
       json_build_object('password', '{ARGON2ID}' || substr(s.password, 7))::text AS val
  FROM domains_address a
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve')) AS v (service)
 CROSS JOIN LATERAL mail_sign_in(v.service, a.id) AS s
 WHERE s.password LIKE 'argon2$argon2id$%';

-- One row for each (service, email) that may sign in with a token of ours.
CREATE VIEW dovecot_tokendb AS
SELECT v.service, a.email, '{"nopassword": "y"}' AS val
  FROM domains_address a
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve')) AS v (service)
 CROSS JOIN LATERAL mail_sign_in(v.service, a.id);

-- One row for each (service, email) that Dovecot opens a mailbox for.
CREATE VIEW dovecot_userdb AS
SELECT v.service, a.email, s.username, s.mailbox_id, s.quota_bytes,
       json_build_object(
           'user', s.username,
           'home', current_setting('hopthu.mail_homes', true) || '/' || s.mailbox_id,
           'quota_rule', '*:bytes=' || s.quota_bytes)::text AS val
  FROM domains_address a
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve'), ('lmtp'), ('lda'), ('doveadm'),
                    ('indexer-worker'), ('quota-status')) AS v (service)
 CROSS JOIN LATERAL mail_user(v.service, a.id) AS s;
"""

GRANTS = """
REVOKE INSERT, UPDATE, DELETE ON postfix_domains, postfix_mailboxes, postfix_aliases,
    postfix_catch_alls, postfix_senders, postfix_sign_ins, dovecot_passdb, dovecot_tokendb,
    dovecot_userdb FROM hopthu_app;
GRANT SELECT ON postfix_domains, postfix_mailboxes, postfix_aliases, postfix_catch_alls,
    postfix_senders, postfix_sign_ins TO postfix_ro;
GRANT SELECT ON dovecot_passdb, dovecot_tokendb, dovecot_userdb TO dovecot_ro;

REVOKE EXECUTE ON FUNCTION mail_hosts(bigint), mail_destinations(bigint),
    mail_sign_in(text, bigint), mail_senders(bigint), mail_user(text, bigint),
    postfix_refusal(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_destinations(bigint), mail_senders(bigint),
    mail_sign_in(text, bigint), postfix_refusal(text, text) TO postfix_ro, hopthu_app;
GRANT EXECUTE ON FUNCTION mail_sign_in(text, bigint), mail_user(text, bigint)
    TO dovecot_ro, hopthu_app;
"""

OLD = """
DROP VIEW dovecot_userdb, mail_user_rows, dovecot_passdb, dovecot_tokendb, postfix_senders,
    postfix_sign_ins, postfix_full_catch_alls, postfix_refusals, postfix_catch_alls, postfix_aliases,
    postfix_mailboxes, postfix_domains, mail_sign_ins, mail_hosted;
"""


class Migration(migrations.Migration):
    dependencies = [("mailserver", "0003_suspended_from_above")]
    operations = [migrations.RunSQL([OLD, FUNCTIONS, VIEWS, GRANTS])]
