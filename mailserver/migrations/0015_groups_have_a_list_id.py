# Postfix asks the policy service about every group, which names the group in the message's header.
from django.db import migrations

FUNCTIONS = """
-- The group at this address, and whether it takes mail of this sender; no row: it is no group.
CREATE FUNCTION postfix_group(wanted_sender text, wanted_login text, wanted_recipient text)
    RETURNS TABLE (takes boolean, email text, name text) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    RETURN QUERY
        SELECT postfix_group_takes(wanted_sender, wanted_login, a.email), a.email::text, g.name::text
          FROM domains_group g JOIN domains_address a ON a.id = g.address_id
         WHERE g.address_id = mail_address_of(wanted_recipient);
END $$;
REVOKE EXECUTE ON FUNCTION postfix_group(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION postfix_group(text, text, text) TO hopthu_app;

-- Why an address is refused at RCPT though its domain is ours. A forwarder or group that waits for the
-- first consent puts senders off (450): their servers try again while the link is good. Whether one
-- mailbox with a quota of its own is full, Dovecot knows better. A group answers with a class of
-- restrictions: the policy service then judges the sender, and gives the message its List-Id.
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
        END IF;
        SELECT * INTO list FROM domains_group g WHERE g.address_id = own.id;
        IF NOT list.is_enabled THEN
            RETURN NEXT '550 5.1.1 This address is switched off';
        ELSIF NOT mail_leads_on(own.id) THEN
            RETURN NEXT CASE WHEN mail_waits(own.id)
                THEN '450 4.2.1 Who this address passes mail on to has not agreed yet, try again later'
                ELSE '550 5.2.1 This address passes mail on to nobody at present' END;
        ELSIF NOT mail_has_room(own.id) THEN
            RETURN NEXT '552 5.2.2 There is no room left in any mailbox behind this address';
        ELSIF list.id IS NOT NULL THEN
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
"""


class Migration(migrations.Migration):
    dependencies = [("mailserver", "0014_groups_ask_too")]
    operations = [migrations.RunSQL(FUNCTIONS)]
