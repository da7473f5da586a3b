# Mail goes on to people outside only once they agreed; what waits for them is kept or put off, never lost.
from django.db import migrations

FUNCTIONS = """
-- Do the tenant's own plan and every plan above it trust it with forwarding to people outside?
CREATE FUNCTION mail_trusts(tenant bigint) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN coalesce((
        SELECT bool_and(p.trusts_forwarding) AND bool_or(line.id = t.id)
          FROM accounts_tenant t
          JOIN accounts_tenant line ON line.id = ANY (string_to_array(rtrim(t.path, '.'), '.')::bigint[])
          JOIN accounts_plan p ON p.id = line.plan_id
         WHERE t.id = tenant), false);
END $$;

-- May mail of a tenant go to this address: at a proved domain of its own, or because whoever reads it
-- agreed or a plan answers for the tenant? Who said no gets nothing whatever the plan says.
CREATE FUNCTION mail_may_pass(tenant bigint, target text) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    answer domains_consent;
BEGIN
    PERFORM 1 FROM domains_domain d
     WHERE d.name = split_part(target, '@', 2) AND d.tenant_id = tenant AND mail_is_ours(d.id);
    IF FOUND THEN RETURN true; END IF;
    SELECT * INTO answer FROM domains_consent c WHERE c.tenant_id = tenant AND c.email = target;
    RETURN answer.confirmed_at IS NOT NULL OR (answer.stopped_at IS NULL AND mail_trusts(tenant));
END $$;

-- Does what stands at this address lead anywhere? Only a forwarder may not: off, or nobody agreed.
-- Circles are refused when they are made; the count of steps is for those that came about otherwise.
CREATE FUNCTION mail_leads_on(address bigint, steps integer DEFAULT 0) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own domains_forwarder;
BEGIN
    SELECT * INTO own FROM domains_forwarder f WHERE f.address_id = address;
    IF NOT FOUND THEN RETURN true; END IF;
    RETURN own.is_enabled AND EXISTS (
        SELECT FROM domains_forwardertarget ft
         WHERE ft.forwarder_id = own.id AND mail_passes(own.tenant_id, ft.email, steps));
END $$;

CREATE FUNCTION mail_passes(tenant bigint, target text, steps integer DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN steps < 12 AND mail_may_pass(tenant, target)
       AND mail_leads_on(mail_address_of(target), steps + 1);
END $$;

-- Is somebody asked who has not answered, and can he still? Then senders try again later.
CREATE FUNCTION mail_waits(address bigint, steps integer DEFAULT 0) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN steps < 12 AND EXISTS (
        SELECT FROM domains_forwarder f
          JOIN domains_forwardertarget ft ON ft.forwarder_id = f.id
          LEFT JOIN domains_consent c ON c.tenant_id = f.tenant_id AND c.email = ft.email
         WHERE f.address_id = address AND f.is_enabled
           AND CASE WHEN mail_may_pass(f.tenant_id, ft.email)
                    THEN mail_waits(mail_address_of(ft.email), steps + 1)
                    ELSE c.stopped_at IS NULL AND c.expires_at > now() END);
END $$;

-- Does a copy stay in the mailbox? Also while one of those it forwards to gets nothing: no mail is lost.
CREATE FUNCTION mail_box_keeps(box domains_mailbox) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN box.keep_copy OR box.forward_to = '{}' OR EXISTS (
        SELECT FROM unnest(box.forward_to) target WHERE NOT mail_passes(box.tenant_id, target));
END $$;

-- A mailbox names itself, so that no catch-all swallows it.
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
            IF mail_box_keeps(box) THEN RETURN NEXT own.email; END IF;
            RETURN QUERY SELECT target::text FROM unnest(box.forward_to) target
                          WHERE mail_passes(box.tenant_id, target);
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
         WHERE f.address_id = address AND f.is_enabled AND mail_passes(f.tenant_id, ft.email);
    IF FOUND THEN RETURN; END IF;
    -- A member that takes no mail at present is left out, so that the others still get theirs.
    RETURN QUERY
        SELECT coalesce(ma.email, gm.email)::text
          FROM domains_group g
          JOIN domains_groupmember gm ON gm.group_id = g.id
          LEFT JOIN domains_address ma ON ma.id = gm.address_id
          LEFT JOIN domains_mailbox tm ON tm.address_id = gm.address_id
          LEFT JOIN domains_group tg ON tg.address_id = gm.address_id
          LEFT JOIN domains_forwarder tf ON tf.address_id = gm.address_id
         WHERE g.address_id = address AND g.is_enabled
           AND (tm.id IS NULL OR mail_box_takes(tm)) AND coalesce(tg.is_enabled, true)
           AND (ma.id IS NULL OR ma.domain_id = own.domain_id OR mail_hosts(ma.domain_id))
           AND CASE WHEN tf.id IS NULL THEN true ELSE mail_leads_on(gm.address_id) END;
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
            wanted_service <> 'quota-status' OR mail_box_keeps(box)) THEN
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
                   AND mail_box_keeps(tm)
              LEFT JOIN domains_mailboxusage u ON u.mailbox_id = tm.id
             WHERE al.address_id = address AND al.is_enabled
             ORDER BY tm.quota_bytes = 0 DESC, tm.quota_bytes - coalesce(u.bytes, 0) DESC
             LIMIT 1;
    END IF;
END $$;

-- Would mail to this address be kept only in domains whose pool is full? What is passed on is not kept.
CREATE OR REPLACE FUNCTION mail_keeps_nothing(address bigint) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own domains_address; box domains_mailbox;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF NOT mail_pool_is_full(own.domain_id) THEN RETURN false; END IF;
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = address;
    IF FOUND THEN RETURN mail_box_keeps(box); END IF;
    RETURN EXISTS (SELECT FROM domains_alias al WHERE al.address_id = address)
       AND NOT EXISTS (
           SELECT FROM domains_alias al
             JOIN domains_aliastarget target ON target.alias_id = al.id
             JOIN domains_address ta ON ta.id = target.address_id
             JOIN domains_mailbox tm ON tm.address_id = ta.id
            WHERE al.address_id = address
              AND (NOT mail_box_keeps(tm)
                   OR (ta.domain_id <> own.domain_id AND NOT mail_pool_is_full(ta.domain_id))));
END $$;

-- Why an address is refused at RCPT though its domain is ours. A forwarder that waits for the first
-- consent puts senders off (450): their servers try again while the link is good.
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
            IF NOT mail_leads_on(own.id) THEN
                RETURN NEXT CASE WHEN mail_waits(own.id)
                    THEN '450 4.2.1 Who this address passes mail on to has not agreed yet, try again later'
                    ELSE '550 5.2.1 This address passes mail on to nobody at present' END;
                RETURN;
            END IF;
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
    IF mail_box_keeps(box) AND mail_pool_is_full(host) THEN
        RETURN NEXT '552 5.2.2 The storage of this domain is full'; RETURN;
    END IF;
    PERFORM 1
       FROM domains_mailboxusage u
      WHERE u.mailbox_id = box.id AND mail_box_keeps(box)
        AND box.quota_bytes > 0 AND u.bytes >= box.quota_bytes;
    IF FOUND THEN RETURN NEXT '552 5.2.2 Mailbox is full'; END IF;
END $$;

REVOKE EXECUTE ON FUNCTION mail_trusts(bigint), mail_may_pass(bigint, text),
    mail_leads_on(bigint, integer), mail_passes(bigint, text, integer), mail_waits(bigint, integer),
    mail_box_keeps(domains_mailbox) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_trusts(bigint), mail_may_pass(bigint, text),
    mail_leads_on(bigint, integer), mail_passes(bigint, text, integer), mail_waits(bigint, integer),
    mail_box_keeps(domains_mailbox) TO postfix_ro, hopthu_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0010_sending_limits"),
        ("accounts", "0009_trusted_forwarding"),
        ("domains", "0020_consents"),
    ]
    operations = [migrations.RunSQL(FUNCTIONS)]
