# A domain or tenant whose pool of storage is full takes no mail to keep; the pool counts real use.
from django.db import migrations

FUNCTIONS = """
-- Is the pool of the domain, or that of its tenant's plan, in use to the last byte? Few reads by key.
CREATE FUNCTION mail_pool_is_full(domain bigint) RETURNS boolean LANGUAGE plpgsql STABLE
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
    SELECT sum(u.bytes) INTO used
      FROM domains_domain d JOIN domains_domainusage u ON u.domain_id = d.id
     WHERE d.tenant_id = own.tenant_id;
    RETURN coalesce(used, 0) >= pool;
END $$;

-- Would mail to this address be kept only in domains whose pool is full? What is passed on is not kept.
CREATE FUNCTION mail_keeps_nothing(address bigint) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own domains_address; box domains_mailbox;
BEGIN
    SELECT * INTO own FROM domains_address a WHERE a.id = address;
    IF NOT mail_pool_is_full(own.domain_id) THEN RETURN false; END IF;
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = address;
    IF FOUND THEN RETURN box.keep_copy OR box.forward_to = '{}'; END IF;
    RETURN EXISTS (SELECT FROM domains_alias al WHERE al.address_id = address)
       AND NOT EXISTS (
           SELECT FROM domains_alias al
             JOIN domains_aliastarget target ON target.alias_id = al.id
             JOIN domains_address ta ON ta.id = target.address_id
             JOIN domains_mailbox tm ON tm.address_id = ta.id
            WHERE al.address_id = address
              AND (NOT (tm.keep_copy OR tm.forward_to = '{}')
                   OR (ta.domain_id <> own.domain_id AND NOT mail_pool_is_full(ta.domain_id))));
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
        ELSIF mail_keeps_nothing(own.id) THEN
            RETURN NEXT '552 5.2.2 The storage of this domain is full';
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

REVOKE EXECUTE ON FUNCTION mail_pool_is_full(bigint), mail_keeps_nothing(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_pool_is_full(bigint), mail_keeps_nothing(bigint)
    TO postfix_ro, hopthu_app;
"""


class Migration(migrations.Migration):
    dependencies = [("mailserver", "0006_alias_domains"), ("domains", "0010_storage_pool")]
    operations = [migrations.RunSQL([FUNCTIONS])]
