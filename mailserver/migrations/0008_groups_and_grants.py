# Groups, grants, and switches that mean mail programs only: the tokens of the webmail open a mailbox
# whatever its switches say.
from django.db import migrations

FUNCTIONS = """
-- The mailbox of an address when somebody may use it now. `imap`, `sieve`, `pop3` and `smtp` are mail
-- programs with a password: they follow the switches. `token` is the webmail, which does not. A
-- mailbox without an owner is shared and has no password.
CREATE OR REPLACE FUNCTION mail_sign_in(wanted_service text, address bigint)
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
           AND CASE wanted_service WHEN 'token' THEN true
                    WHEN 'imap' THEN m.allow_imap WHEN 'sieve' THEN m.allow_imap
                    WHEN 'pop3' THEN m.allow_pop3 WHEN 'smtp' THEN m.allow_smtp ELSE false END;
END $$;

-- The names under which a mailbox may send now: by password in a mail program, and by token.
CREATE FUNCTION mail_sending_names(address bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own text;
BEGIN
    PERFORM 1 FROM mail_sign_in('token', address);
    IF NOT FOUND THEN RETURN; END IF;
    SELECT a.email INTO own FROM domains_address a WHERE a.id = address;
    RETURN NEXT own || '@webmail';
    PERFORM 1 FROM mail_sign_in('smtp', address);
    IF FOUND THEN RETURN NEXT own; END IF;
END $$;

-- May this sign-in name send now? Asked for each recipient, so that an open session ends too.
CREATE FUNCTION postfix_may_send(wanted_login text) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM domains_address a CROSS JOIN LATERAL mail_sending_names(a.id) AS f (login)
         WHERE a.email = regexp_replace(wanted_login, '@webmail$', '') AND f.login = wanted_login);
END $$;

-- Who may send as an address: its mailbox, the mailboxes an alias of this address delivers to, and
-- those it was granted to.
CREATE OR REPLACE FUNCTION mail_senders(address bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF NOT mail_hosts(own.domain_id) THEN RETURN; END IF;
    RETURN QUERY SELECT * FROM mail_sending_names(address);
    RETURN QUERY
        SELECT f.login
          FROM domains_alias al
          JOIN domains_aliastarget target ON target.alias_id = al.id
         CROSS JOIN LATERAL mail_sending_names(target.address_id) AS f (login)
         WHERE al.address_id = address AND al.is_enabled;
    RETURN QUERY
        SELECT f.login
          FROM domains_grant g
          JOIN domains_mailbox m ON m.id = g.mailbox_id
         CROSS JOIN LATERAL mail_sending_names(m.address_id) AS f (login)
         WHERE g.address_id = address AND g.sends <> '' AND mail_address_lives(address);
END $$;

-- Is what stands at this address in use: a mailbox that is not suspended, a group switched on?
CREATE FUNCTION mail_address_lives(address bigint) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM domains_mailbox m WHERE m.address_id = address AND m.status = 'active')
        OR EXISTS (SELECT FROM domains_group g WHERE g.address_id = address AND g.is_enabled);
END $$;

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
    IF FOUND THEN RETURN; END IF;
    -- A member that takes no mail at present is left out, so that the others still get theirs.
    RETURN QUERY
        SELECT coalesce(ma.email, gm.email)::text
          FROM domains_group g
          JOIN domains_groupmember gm ON gm.group_id = g.id
          LEFT JOIN domains_address ma ON ma.id = gm.address_id
          LEFT JOIN domains_mailbox tm ON tm.address_id = gm.address_id
          LEFT JOIN domains_group tg ON tg.address_id = gm.address_id
         WHERE g.address_id = address AND g.is_enabled
           AND (tm.id IS NULL OR mail_box_takes(tm)) AND coalesce(tg.is_enabled, true);
END $$;

-- Sign-ins need the right; mail is delivered without it. The passwords and tokens were looked at
-- before: here a shared mailbox has a home as well, since its members open it over IMAP.
CREATE OR REPLACE FUNCTION mail_user(wanted_service text, address bigint)
    RETURNS TABLE (username text, mailbox_id bigint, quota_bytes bigint) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    own domains_address; box domains_mailbox;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF wanted_service IN ('imap', 'pop3', 'smtp', 'sieve') THEN
        RETURN QUERY SELECT own.email::text, s.mailbox_id, s.quota_bytes
                       FROM mail_sign_in(
                           CASE wanted_service WHEN 'pop3' THEN 'pop3' ELSE 'token' END, address) s;
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

-- What one mailbox may do with the mail of another, as groups of Dovecot: «read-7», «write-7».
CREATE FUNCTION mail_acl_groups(grantee bigint) RETURNS text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (  -- NULL: none, and what the token brought stands
        SELECT string_agg(g.access || '-' || m.id, ',')
          FROM domains_grant g JOIN domains_mailbox m ON m.address_id = g.address_id
         WHERE g.mailbox_id = grantee AND g.access <> '');
END $$;

-- Why an address is refused at RCPT though its domain is ours: switched off, closed, suspended, or
-- known only to a catch-all that is full. Dovecot's quota-status answers for all other full mailboxes.
-- Asked before anything else, so that the sender reads these words and not "unknown". A group not
-- open to everybody answers with a class of restrictions: the policy service then judges the sender.
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
            RETURN NEXT '550 5.1.1 This mailbox was closed';
        ELSIF box.id IS NOT NULL AND NOT mail_box_takes(box) THEN
            RETURN NEXT '550 5.2.1 This mailbox takes no mail at present';
        ELSIF mail_keeps_nothing(own.id) THEN
            RETURN NEXT '552 5.2.2 The storage of this domain is full';
        ELSIF box.id IS NULL THEN
            SELECT * INTO list FROM domains_group g WHERE g.address_id = own.id;
            IF NOT list.is_enabled THEN
                RETURN NEXT '550 5.1.1 This address is switched off';
            ELSIF list.who_may_send <> 'anyone' THEN
                RETURN NEXT 'of_group';
            END IF;
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
    IF (box.keep_copy OR box.forward_to = '{}') AND mail_pool_is_full(host) THEN
        RETURN NEXT '552 5.2.2 The storage of this domain is full'; RETURN;
    END IF;
    PERFORM 1
       FROM domains_mailboxusage u
      WHERE u.mailbox_id = box.id AND (box.keep_copy OR box.forward_to = '{}')
        AND box.quota_bytes > 0 AND u.bytes >= box.quota_bytes;
    IF FOUND THEN RETURN NEXT '552 5.2.2 Mailbox is full'; END IF;
END $$;

-- Which address answers here, a tag and an alias domain taken off; NULL when none does.
CREATE FUNCTION mail_address_of(email text) RETURNS bigint LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    plain text := split_part(split_part(lower(email), '@', 1), '+', 1);
    host text := split_part(lower(email), '@', 2);
    found bigint;
BEGIN
    SELECT a.id INTO found FROM domains_address a WHERE a.email = plain || '@' || host;
    RETURN coalesce(found, mail_address_behind(plain, host));
END $$;

-- May this sender write to this group? NULL: it is no group. Who signed in counts by his mailbox and
-- by the address he sends as, which was checked before. Without sign-in an address of ours proves
-- nothing, so that only senders outside are compared.
CREATE FUNCTION postfix_group_takes(wanted_sender text, wanted_login text, wanted_recipient text)
    RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    list domains_group; who bigint[] := '{}'; names text[];
BEGIN
    SELECT * INTO list FROM domains_group g WHERE g.address_id = mail_address_of(wanted_recipient);
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF list.who_may_send = 'anyone' THEN RETURN true; END IF;
    IF wanted_login <> '' THEN
        who := array_remove(ARRAY[mail_address_of(regexp_replace(wanted_login, '@webmail$', '')),
                                  mail_address_of(wanted_sender)], NULL);
        SELECT array_agg(a.email) INTO names FROM domains_address a WHERE a.id = ANY (who);
    ELSIF NOT EXISTS (SELECT FROM domains_domain d
                       WHERE d.name = split_part(lower(wanted_sender), '@', 2)) THEN
        names := ARRAY[lower(wanted_sender)];
    END IF;
    IF list.who_may_send = 'company' THEN
        RETURN EXISTS (SELECT FROM domains_address a
                        WHERE a.id = ANY (who) AND a.tenant_id = list.tenant_id);
    ELSIF list.who_may_send = 'members' THEN
        RETURN EXISTS (  -- of the group itself or of one inside it
            WITH RECURSIVE inside (id) AS (
                SELECT list.id
                UNION
                SELECT g.id
                  FROM inside i
                  JOIN domains_groupmember gm ON gm.group_id = i.id
                  JOIN domains_group g ON g.address_id = gm.address_id AND g.is_enabled)
            SELECT FROM inside i JOIN domains_groupmember gm ON gm.group_id = i.id
             WHERE gm.email = ANY (names));
    END IF;
    RETURN EXISTS (SELECT FROM domains_groupsender gs
                    WHERE gs.group_id = list.id AND gs.email = ANY (names));
END $$;
"""

VIEWS = """
-- One row for each (service, email) that may sign in with a token of ours. Postfix learns from the
-- name that it was a token. «grant-7» opens the mailbox that grant 7 is about, as the member it was
-- given to: Dovecot then applies its access lists.
CREATE OR REPLACE VIEW dovecot_tokendb AS
SELECT v.service, a.email,
       CASE v.service WHEN 'smtp'
            THEN json_build_object('nopassword', 'y', 'user', a.email || '@webmail')::text
            ELSE '{"nopassword": "y"}' END AS val
  FROM domains_address a
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve')) AS v (service)
 CROSS JOIN LATERAL mail_sign_in(
       CASE v.service WHEN 'pop3' THEN 'pop3' ELSE 'token' END, a.id)
UNION ALL
SELECT 'imap', ('grant-' || g.id::text)::varchar(320),
       json_build_object('nopassword', 'y', 'user', a.email, 'userdb_acl_user', ma.email,
                         'userdb_acl_groups', g.access || '-' || box.mailbox_id)::text
  FROM domains_grant g
  JOIN domains_address a ON a.id = g.address_id
  JOIN domains_mailbox m ON m.id = g.mailbox_id
  JOIN domains_address ma ON ma.id = m.address_id
 CROSS JOIN LATERAL mail_sign_in('token', g.address_id) AS box
 CROSS JOIN LATERAL mail_sign_in('token', m.address_id)
 WHERE g.access <> '';

CREATE OR REPLACE VIEW dovecot_userdb AS
SELECT v.service, a.email, s.username, s.mailbox_id, s.quota_bytes,
       json_strip_nulls(json_build_object(
           'user', s.username,
           'home', current_setting('hopthu.mail_homes', true) || '/' || s.mailbox_id,
           'acl_groups', CASE v.service WHEN 'imap' THEN mail_acl_groups(s.mailbox_id) END,
           'quota_rule', '*:bytes=' || s.quota_bytes))::text AS val
  FROM domains_address a
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve'), ('lmtp'), ('lda'), ('doveadm'),
                    ('indexer-worker'), ('quota-status')) AS v (service)
 CROSS JOIN LATERAL mail_user(v.service, a.id) AS s;

-- Whose mailboxes a member sees below Shared/.
CREATE VIEW dovecot_shared AS
SELECT ma.email AS member, a.email AS owner, '1'::text AS val
  FROM domains_grant g
  JOIN domains_mailbox m ON m.id = g.mailbox_id
  JOIN domains_address ma ON ma.id = m.address_id
  JOIN domains_address a ON a.id = g.address_id
 WHERE g.access <> '';
"""

GRANTS = """
REVOKE INSERT, UPDATE, DELETE ON dovecot_shared FROM hopthu_app;
GRANT SELECT ON dovecot_shared TO dovecot_ro, dovecot_usage;
REVOKE EXECUTE ON FUNCTION mail_sending_names(bigint), postfix_may_send(text),
    mail_address_lives(bigint), mail_acl_groups(bigint), mail_address_of(text),
    postfix_group_takes(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_sending_names(bigint), postfix_may_send(text)
    TO postfix_ro, hopthu_app;
GRANT EXECUTE ON FUNCTION mail_acl_groups(bigint) TO dovecot_ro, hopthu_app;
GRANT EXECUTE ON FUNCTION postfix_group_takes(text, text, text) TO hopthu_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0007_full_pools"),
        ("domains", "0014_groups_and_grants"),
    ]
    operations = [migrations.RunSQL([FUNCTIONS, VIEWS, GRANTS])]
