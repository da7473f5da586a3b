# Members of groups outside get mail once they agreed; a group that nobody reads yet puts senders off.
from django.db import migrations

FUNCTIONS = """
-- Does mail to a group reach this member now? Outside, once whoever reads it agreed.
CREATE FUNCTION mail_member_reads(member domains_groupmember, steps integer DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    box domains_mailbox;
BEGIN
    IF member.address_id IS NULL THEN RETURN mail_may_pass(member.tenant_id, member.email); END IF;
    IF NOT EXISTS (SELECT FROM domains_address a
                    WHERE a.id = member.address_id AND mail_hosts(a.domain_id)) THEN
        RETURN false;
    END IF;
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = member.address_id;
    IF FOUND THEN RETURN mail_box_takes(box); END IF;
    RETURN mail_leads_on(member.address_id, steps + 1);
END $$;

-- Does what stands at this address lead anywhere? A forwarder or a group may not: off, or nobody who
-- agreed. Circles are refused when they are made; the count of steps is for those that came about
-- otherwise.
CREATE OR REPLACE FUNCTION mail_leads_on(address bigint, steps integer DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own domains_forwarder; list domains_group;
BEGIN
    SELECT * INTO own FROM domains_forwarder f WHERE f.address_id = address;
    IF FOUND THEN
        RETURN own.is_enabled AND EXISTS (
            SELECT FROM domains_forwardertarget ft
             WHERE ft.forwarder_id = own.id AND mail_passes(own.tenant_id, ft.email, steps));
    END IF;
    SELECT * INTO list FROM domains_group g WHERE g.address_id = address;
    IF NOT FOUND THEN RETURN true; END IF;
    RETURN steps < 12 AND list.is_enabled AND EXISTS (
        SELECT FROM domains_groupmember gm
         WHERE gm.group_id = list.id AND mail_member_reads(gm, steps));
END $$;

-- Is somebody asked who has not answered, and can he still? Then senders try again later.
CREATE OR REPLACE FUNCTION mail_waits(address bigint, steps integer DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN steps < 12 AND EXISTS (
        SELECT FROM (
            SELECT f.tenant_id, ft.email
              FROM domains_forwarder f JOIN domains_forwardertarget ft ON ft.forwarder_id = f.id
             WHERE f.address_id = address AND f.is_enabled
            UNION ALL
            SELECT g.tenant_id, gm.email
              FROM domains_group g JOIN domains_groupmember gm ON gm.group_id = g.id
             WHERE g.address_id = address AND g.is_enabled) goes
          LEFT JOIN domains_consent c ON c.tenant_id = goes.tenant_id AND c.email = goes.email
         WHERE CASE WHEN mail_may_pass(goes.tenant_id, goes.email)
                    THEN mail_waits(mail_address_of(goes.email), steps + 1)
                    ELSE c.stopped_at IS NULL AND c.expires_at > now() END);
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
         WHERE g.address_id = address AND g.is_enabled AND mail_member_reads(gm);
END $$;

-- Is there room for mail to this address, in one of all the mailboxes it leads to? Outside there is,
-- and where it leads nowhere others say so. It ends at the first that has room.
CREATE OR REPLACE FUNCTION mail_has_room(address bigint, steps integer DEFAULT 0) RETURNS boolean
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
         WHERE g.address_id = address AND mail_member_reads(gm)
    LOOP
        IF mail_has_room(target, steps + 1) THEN RETURN true; END IF;
        leads_on := true;
    END LOOP;
    RETURN NOT leads_on;
END $$;

-- Why an address is refused at RCPT though its domain is ours. A forwarder or group that waits for the
-- first consent puts senders off (450): their servers try again while the link is good. Whether one
-- mailbox with a quota of its own is full, Dovecot knows better.
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

REVOKE EXECUTE ON FUNCTION mail_member_reads(domains_groupmember, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_member_reads(domains_groupmember, integer) TO postfix_ro, hopthu_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0013_full_pools_at_delivery"),
        ("domains", "0027_members_outside_agree"),
    ]
    operations = [migrations.RunSQL(FUNCTIONS)]
