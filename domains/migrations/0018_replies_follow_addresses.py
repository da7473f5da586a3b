"""An automatic reply is written anew when the addresses it answers for change, whoever changes them."""

from django.db import migrations

FOLLOW = """
-- `written_at` NULL is the agent's order; `changed_at` tells it that its last reading is out of date.
CREATE FUNCTION domains_replies_of_targets() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE domains_autoreply r SET written_at = NULL, changed_at = clock_timestamp()
      FROM domains_mailbox m
     WHERE m.id = r.mailbox_id AND m.address_id IN (SELECT c.address_id FROM changed c);
    RETURN NULL;
END $$;
CREATE TRIGGER replies_of_new_targets AFTER INSERT ON domains_aliastarget
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION domains_replies_of_targets();
CREATE TRIGGER replies_of_changed_targets AFTER UPDATE ON domains_aliastarget
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION domains_replies_of_targets();
CREATE TRIGGER replies_of_gone_targets AFTER DELETE ON domains_aliastarget
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION domains_replies_of_targets();

CREATE FUNCTION domains_replies_of_boxes() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE domains_autoreply SET written_at = NULL, changed_at = clock_timestamp()
     WHERE mailbox_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER replies_of_renamed AFTER UPDATE OF address_id ON domains_mailbox
    FOR EACH ROW WHEN (OLD.address_id <> NEW.address_id)
    EXECUTE FUNCTION domains_replies_of_boxes();

-- All mailboxes that answer for an address at the domain which gained or lost an alias domain.
-- A suspended one takes no mail, so that it counts as lost.
CREATE FUNCTION domains_replies_of_twins() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    hosts bigint[] := ARRAY[NEW.alias_of_id, OLD.alias_of_id];
BEGIN
    UPDATE domains_autoreply SET written_at = NULL, changed_at = clock_timestamp()
     WHERE mailbox_id IN (
        SELECT m.id FROM domains_mailbox m JOIN domains_address a ON a.id = m.address_id
         WHERE a.domain_id = ANY (hosts)
        UNION
        SELECT m.id
          FROM domains_mailbox m
          JOIN domains_aliastarget target ON target.address_id = m.address_id
          JOIN domains_alias al ON al.id = target.alias_id
          JOIN domains_address a ON a.id = al.address_id
         WHERE a.domain_id = ANY (hosts));
    RETURN NULL;
END $$;
CREATE TRIGGER replies_of_twins AFTER UPDATE OF alias_of_id, status ON domains_domain
    FOR EACH ROW WHEN (
        OLD.alias_of_id IS DISTINCT FROM NEW.alias_of_id
        OR NEW.alias_of_id IS NOT NULL AND OLD.status <> NEW.status)
    EXECUTE FUNCTION domains_replies_of_twins();

-- Replies written before this followed nothing.
UPDATE domains_autoreply SET written_at = NULL, changed_at = clock_timestamp() WHERE is_enabled;
"""
STOP = """
DROP TRIGGER replies_of_new_targets ON domains_aliastarget;
DROP TRIGGER replies_of_changed_targets ON domains_aliastarget;
DROP TRIGGER replies_of_gone_targets ON domains_aliastarget;
DROP TRIGGER replies_of_renamed ON domains_mailbox;
DROP TRIGGER replies_of_twins ON domains_domain;
DROP FUNCTION domains_replies_of_targets();
DROP FUNCTION domains_replies_of_boxes();
DROP FUNCTION domains_replies_of_twins();
"""


class Migration(migrations.Migration):
    dependencies = [("domains", "0017_import_customers")]
    operations = [migrations.RunSQL([FOLLOW], [STOP])]
