# Every address of a domain also works at its alias domains: looked up under the address behind.
from django.db import migrations

FUNCTIONS = """
-- The address that `wanted_localpart` at an alias domain stands for; NULL elsewhere. Two reads by key.
CREATE FUNCTION mail_address_behind(wanted_localpart text, wanted_domain text)
    RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    alias domains_domain; found bigint;
BEGIN
    SELECT * INTO alias FROM domains_domain d WHERE d.name = wanted_domain;
    IF alias.alias_of_id IS NULL OR NOT mail_hosts(alias.id) THEN RETURN NULL; END IF;
    SELECT a.id INTO found FROM domains_address a
     WHERE a.domain_id = alias.alias_of_id AND a.localpart = wanted_localpart;
    RETURN found;
END $$;

-- Postfix follows one step: from x at the alias domain to x at the domain, if that takes mail.
CREATE FUNCTION postfix_alias_domain(wanted_localpart text, wanted_domain text)
    RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    behind bigint := mail_address_behind(wanted_localpart, wanted_domain);
BEGIN
    IF behind IS NULL THEN RETURN; END IF;
    PERFORM 1 FROM mail_destinations(behind);
    IF FOUND THEN RETURN QUERY SELECT a.email::text FROM domains_address a WHERE a.id = behind; END IF;
END $$;

-- Who may send as x at the alias domain: whoever may send as x at the domain.
CREATE FUNCTION postfix_alias_domain_senders(wanted_localpart text, wanted_domain text)
    RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    behind bigint := mail_address_behind(wanted_localpart, wanted_domain);
BEGIN
    IF behind IS NOT NULL THEN RETURN QUERY SELECT * FROM mail_senders(behind); END IF;
END $$;

-- Why a recipient is refused, at alias domains for the reasons of the address behind. Dovecot knows
-- no address of an alias domain, so that a full mailbox is seen here.
CREATE FUNCTION postfix_recipient_refusal(wanted_localpart text, wanted_domain text)
    RETURNS SETOF text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    host domains_domain; main_name text; plain text := split_part(wanted_localpart, '+', 1);
BEGIN
    SELECT * INTO host FROM domains_domain d WHERE d.name = wanted_domain;
    IF host.alias_of_id IS NULL OR NOT mail_hosts(host.id) THEN
        RETURN QUERY SELECT * FROM postfix_refusal(wanted_localpart, wanted_domain); RETURN;
    END IF;
    SELECT d.name INTO main_name FROM domains_domain d WHERE d.id = host.alias_of_id;
    RETURN QUERY SELECT * FROM postfix_refusal(wanted_localpart, main_name);
    IF FOUND THEN RETURN; END IF;
    PERFORM 1
       FROM mail_user('quota-status', mail_address_behind(plain, wanted_domain)) box
       JOIN domains_mailboxusage u ON u.mailbox_id = box.mailbox_id
      WHERE box.quota_bytes > 0 AND u.bytes >= box.quota_bytes;
    IF FOUND THEN RETURN NEXT '552 5.2.2 Mailbox is full'; END IF;
END $$;

-- An alias domain has the catch-all of the domain it stands for.
CREATE OR REPLACE VIEW postfix_catch_alls AS
SELECT d.name, ta.email AS destination
  FROM domains_domain d
  JOIN domains_catchall c ON c.domain_id = coalesce(d.alias_of_id, d.id)
  JOIN domains_address ta ON ta.id = c.address_id
  JOIN domains_mailbox m ON m.address_id = ta.id
 WHERE mail_hosts(d.id) AND mail_box_takes(m);

REVOKE EXECUTE ON FUNCTION mail_address_behind(text, text), postfix_alias_domain(text, text),
    postfix_alias_domain_senders(text, text), postfix_recipient_refusal(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION postfix_alias_domain(text, text),
    postfix_alias_domain_senders(text, text), postfix_recipient_refusal(text, text)
    TO postfix_ro, hopthu_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0005_who_takes_mail"),
        ("domains", "0009_alias_domains"),
    ]
    operations = [migrations.RunSQL(FUNCTIONS)]
