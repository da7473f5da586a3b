# The published lookup views: all that Postfix and Dovecot may read of the database.
from django.db import migrations

VIEWS = """
-- Addresses of domains we host: pending domains and terminated tenants host nothing.
CREATE VIEW mail_hosted AS
SELECT a.id AS address_id, a.email, d.name AS domain_name, d.id AS domain_id,
       d.status = 'active' AND t.status = 'active' AS may_sign_in
  FROM domains_address a
  JOIN domains_domain d ON d.id = a.domain_id
  JOIN accounts_tenant t ON t.id = d.tenant_id
 WHERE d.status IN ('active', 'suspended') AND t.status <> 'terminated';

-- Mailboxes that somebody, or a token, may sign in to. A shared mailbox has no owner and no password.
CREATE VIEW mail_sign_ins AS
SELECT m.id AS mailbox_id, m.address_id, h.email, m.quota_bytes,
       m.allow_imap, m.allow_pop3, m.allow_smtp, u.password
  FROM mail_hosted h
  JOIN domains_mailbox m ON m.address_id = h.address_id
  LEFT JOIN accounts_user u ON u.id = m.owner_id
 WHERE h.may_sign_in AND m.status = 'active'
   AND (m.owner_id IS NULL OR (u.is_active AND u.suspended_at IS NULL));

CREATE VIEW postfix_domains AS
SELECT d.name
  FROM domains_domain d
  JOIN accounts_tenant t ON t.id = d.tenant_id
 WHERE d.status IN ('active', 'suspended') AND t.status <> 'terminated';

CREATE VIEW postfix_mailboxes AS
SELECT h.email AS address
  FROM mail_hosted h
  JOIN domains_mailbox m ON m.address_id = h.address_id
 WHERE m.status IN ('active', 'suspended');

-- One row for each destination. A mailbox names itself, so that no catch-all swallows it.
CREATE VIEW postfix_aliases AS
SELECT h.email AS address, ta.email AS destination
  FROM mail_hosted h
  JOIN domains_alias al ON al.address_id = h.address_id AND al.is_enabled
  JOIN domains_aliastarget at ON at.alias_id = al.id
  JOIN domains_address ta ON ta.id = at.address_id
  JOIN domains_mailbox tm ON tm.address_id = ta.id AND tm.status IN ('active', 'suspended')
UNION ALL
SELECT h.email, ft.email
  FROM mail_hosted h
  JOIN domains_forwarder f ON f.address_id = h.address_id AND f.is_enabled
  JOIN domains_forwardertarget ft ON ft.forwarder_id = f.id
UNION ALL
SELECT h.email, h.email
  FROM mail_hosted h
  JOIN domains_mailbox m ON m.address_id = h.address_id
 WHERE m.status IN ('active', 'suspended') AND (m.forward_to = '{}' OR m.keep_copy)
UNION ALL
SELECT h.email, fw.email
  FROM mail_hosted h
  JOIN domains_mailbox m ON m.address_id = h.address_id
 CROSS JOIN LATERAL unnest(m.forward_to) AS fw (email)
 WHERE m.status IN ('active', 'suspended');

CREATE VIEW postfix_catch_alls AS
SELECT d.name, ta.email AS destination
  FROM domains_domain d
  JOIN accounts_tenant t ON t.id = d.tenant_id
  JOIN domains_catchall c ON c.domain_id = d.id
  JOIN domains_address ta ON ta.id = c.address_id
 WHERE d.status IN ('active', 'suspended') AND t.status <> 'terminated';

-- Addresses that exist but take nothing: no catch-all may take their mail instead.
CREATE VIEW postfix_refusals AS
SELECT h.email AS address, '550 5.1.1 This address is switched off' AS reply
  FROM mail_hosted h
  JOIN domains_alias al ON al.address_id = h.address_id AND NOT al.is_enabled
UNION ALL
SELECT h.email, '550 5.1.1 This address is switched off'
  FROM mail_hosted h
  JOIN domains_forwarder f ON f.address_id = h.address_id AND NOT f.is_enabled
UNION ALL
SELECT h.email, '550 5.1.1 This mailbox was closed'
  FROM mail_hosted h
  JOIN domains_mailbox m ON m.address_id = h.address_id AND m.status = 'deleting';

-- Dovecot answers for known addresses; an unknown one has only its domain to be found by.
CREATE VIEW postfix_full_catch_alls AS
SELECT d.name, '552 5.2.2 Mailbox is full' AS reply
  FROM domains_domain d
  JOIN domains_catchall c ON c.domain_id = d.id
  JOIN domains_mailbox m ON m.address_id = c.address_id AND (m.forward_to = '{}' OR m.keep_copy)
  JOIN domains_mailboxusage u ON u.mailbox_id = m.id
 WHERE m.quota_bytes > 0 AND u.bytes >= m.quota_bytes;

-- Who may send as an address: its mailbox, and mailboxes that an alias of this address delivers to.
CREATE VIEW postfix_senders AS
SELECT s.email AS address, s.email AS login
  FROM mail_sign_ins s
 WHERE s.allow_smtp
UNION ALL
SELECT h.email, s.email
  FROM mail_hosted h
  JOIN domains_alias al ON al.address_id = h.address_id AND al.is_enabled
  JOIN domains_aliastarget at ON at.alias_id = al.id
  JOIN mail_sign_ins s ON s.address_id = at.address_id
 WHERE h.may_sign_in AND s.allow_smtp;

-- One row for each (service, email) that may sign in with the owner's password.
CREATE VIEW dovecot_passdb AS
SELECT v.service, s.email, '{ARGON2ID}' || substr(s.password, 7) AS password,
       json_build_object('password', '{ARGON2ID}' || substr(s.password, 7))::text AS val
  FROM mail_sign_ins s
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve')) AS v (service)
 WHERE s.password LIKE 'argon2$argon2id$%'
   AND CASE v.service WHEN 'pop3' THEN s.allow_pop3 WHEN 'smtp' THEN s.allow_smtp
                      ELSE s.allow_imap END;

-- One row for each (service, email). Sign-ins need the right; mail is delivered without it.
-- quota-status is asked about the address as the sender wrote it, so aliases have a row there: that
-- of the mailbox behind them with the most room.
CREATE VIEW mail_user_rows AS
SELECT v.service, s.email, s.email AS username, s.mailbox_id, s.quota_bytes
  FROM mail_sign_ins s
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve')) AS v (service)
 WHERE CASE v.service WHEN 'pop3' THEN s.allow_pop3 WHEN 'smtp' THEN s.allow_smtp
                      ELSE s.allow_imap END
UNION ALL
SELECT v.service, h.email, h.email, m.id, m.quota_bytes
  FROM mail_hosted h
  JOIN domains_mailbox m ON m.address_id = h.address_id
 CROSS JOIN (VALUES ('lmtp'), ('lda')) AS v (service)
 WHERE m.status IN ('active', 'suspended')
UNION ALL
SELECT v.service, a.email, a.email, m.id, m.quota_bytes
  FROM domains_address a
  JOIN domains_mailbox m ON m.address_id = a.id
 CROSS JOIN (VALUES ('doveadm'), ('indexer-worker')) AS v (service)
UNION ALL
SELECT 'quota-status', h.email, h.email, m.id, m.quota_bytes
  FROM mail_hosted h
  JOIN domains_mailbox m ON m.address_id = h.address_id
 WHERE m.status IN ('active', 'suspended') AND (m.forward_to = '{}' OR m.keep_copy)
UNION ALL
SELECT 'quota-status', h.email, roomy.email, roomy.id, roomy.quota_bytes
  FROM mail_hosted h
  JOIN domains_alias al ON al.address_id = h.address_id AND al.is_enabled
 CROSS JOIN LATERAL (
       SELECT ta.email, tm.id, tm.quota_bytes
         FROM domains_aliastarget at
         JOIN domains_address ta ON ta.id = at.address_id
         JOIN domains_mailbox tm ON tm.address_id = ta.id
              AND tm.status IN ('active', 'suspended') AND (tm.forward_to = '{}' OR tm.keep_copy)
         LEFT JOIN domains_mailboxusage u ON u.mailbox_id = tm.id
        WHERE at.alias_id = al.id
        ORDER BY tm.quota_bytes = 0 DESC, tm.quota_bytes - coalesce(u.bytes, 0) DESC
        LIMIT 1) AS roomy;

CREATE VIEW dovecot_userdb AS
SELECT r.service, r.email, r.username, r.mailbox_id, r.quota_bytes,
       json_build_object(
           'user', r.username,
           'home', current_setting('hopthu.mail_homes', true) || '/' || r.mailbox_id,
           'quota_rule', '*:bytes=' || r.quota_bytes)::text AS val
  FROM mail_user_rows r;

-- Dovecot writes here by address; the trigger stores by mailbox and the tables stay empty.
CREATE TABLE dovecot_usage (email varchar(320) PRIMARY KEY, bytes bigint, messages bigint);
CREATE TABLE dovecot_last_sign_in (
    email varchar(320), service varchar(16), at_epoch bigint, PRIMARY KEY (email, service));

CREATE FUNCTION store_dovecot_usage() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO domains_mailboxusage AS now (mailbox_id, bytes, messages)
    SELECT m.id, coalesce(NEW.bytes, 0), coalesce(NEW.messages, 0)
      FROM domains_address a JOIN domains_mailbox m ON m.address_id = a.id
     WHERE a.email = NEW.email
    ON CONFLICT (mailbox_id) DO UPDATE SET
        bytes = coalesce(NEW.bytes, now.bytes), messages = coalesce(NEW.messages, now.messages);
    RETURN NULL;
END $$;
CREATE TRIGGER store BEFORE INSERT ON dovecot_usage
    FOR EACH ROW EXECUTE FUNCTION store_dovecot_usage();

CREATE FUNCTION store_dovecot_sign_in() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO domains_lastsignin AS now (mailbox_id, service, at_epoch)
    SELECT m.id, NEW.service, NEW.at_epoch
      FROM domains_address a JOIN domains_mailbox m ON m.address_id = a.id
     WHERE a.email = NEW.email
    ON CONFLICT (mailbox_id, service) DO UPDATE SET
        at_epoch = greatest(NEW.at_epoch, now.at_epoch);
    RETURN NULL;
END $$;
CREATE TRIGGER store BEFORE INSERT ON dovecot_last_sign_in
    FOR EACH ROW EXECUTE FUNCTION store_dovecot_sign_in();

REVOKE ALL ON dovecot_usage, dovecot_last_sign_in FROM hopthu_app;
REVOKE INSERT, UPDATE, DELETE ON mail_hosted, mail_sign_ins, mail_user_rows, postfix_domains,
    postfix_mailboxes, postfix_aliases, postfix_catch_alls, postfix_refusals,
    postfix_full_catch_alls, postfix_senders, dovecot_passdb, dovecot_userdb FROM hopthu_app;
GRANT SELECT ON postfix_domains, postfix_mailboxes, postfix_aliases, postfix_catch_alls,
    postfix_refusals, postfix_full_catch_alls, postfix_senders TO postfix_ro;
GRANT SELECT ON dovecot_passdb, dovecot_userdb TO dovecot_ro;
GRANT SELECT, INSERT, UPDATE ON dovecot_usage, dovecot_last_sign_in TO dovecot_usage;
"""

DROP = """
DROP TABLE dovecot_usage, dovecot_last_sign_in;
DROP FUNCTION store_dovecot_usage();
DROP FUNCTION store_dovecot_sign_in();
DROP VIEW dovecot_userdb, mail_user_rows, dovecot_passdb, postfix_senders, postfix_full_catch_alls,
    postfix_refusals, postfix_catch_alls, postfix_aliases, postfix_mailboxes, postfix_domains,
    mail_sign_ins, mail_hosted;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("domains", "0001_initial")]
    operations = [migrations.RunSQL(VIEWS, DROP)]
