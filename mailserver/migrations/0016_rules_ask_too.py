# What a person's own Sieve rules pass on goes outside only once its reader agreed.
from django.db import migrations

FUNCTIONS = """
-- May a rule of this mailbox pass mail on to this address? Inside yes, outside once its reader agreed.
-- Whom nobody asked yet is asked now: rules are never read, they only show when they act. A mailbox
-- has at most twenty such addresses, so that no rule makes us write letters to everybody.
CREATE FUNCTION mail_rule_may_pass(wanted_mailbox text, wanted_target text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    box domains_mailbox; target text := lower(wanted_target); inside boolean;
BEGIN
    SELECT * INTO box FROM domains_mailbox m WHERE m.address_id = mail_address_of(wanted_mailbox);
    IF NOT FOUND OR target !~ '^[^@[:space:]<>]{1,64}@[a-z0-9.-]{1,253}$' THEN RETURN false; END IF;
    inside := EXISTS (
        SELECT FROM domains_domain d WHERE d.name = split_part(target, '@', 2)
           AND d.tenant_id = box.tenant_id AND mail_is_ours(d.id));
    IF inside THEN RETURN true; END IF;
    UPDATE domains_ruletarget r SET used_at = now()
     WHERE r.mailbox_id = box.id AND r.email = target AND r.used_at < now() - interval '1 day';
    IF NOT EXISTS (SELECT FROM domains_ruletarget r
                    WHERE r.mailbox_id = box.id AND r.email = target) THEN
        DELETE FROM domains_ruletarget r
         WHERE r.mailbox_id = box.id AND r.used_at < now() - interval '30 days';
        IF (SELECT count(*) FROM domains_ruletarget r WHERE r.mailbox_id = box.id) >= 20 THEN
            RETURN false;
        END IF;
        INSERT INTO domains_ruletarget (mailbox_id, email, used_at) VALUES (box.id, target, now())
            ON CONFLICT (mailbox_id, email) DO NOTHING;
    END IF;
    INSERT INTO domains_consent (tenant_id, email, requested_at, expires_at, letter_due, confirmed_at)
    VALUES (box.tenant_id, target, now(), now() + interval '7 days', NOT mail_trusts(box.tenant_id),
            CASE WHEN mail_trusts(box.tenant_id) THEN now() END)
        ON CONFLICT (tenant_id, email) DO NOTHING;
    RETURN mail_may_pass(box.tenant_id, target);
END $$;
REVOKE EXECUTE ON FUNCTION mail_rule_may_pass(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_rule_may_pass(text, text) TO hopthu_app;
"""
DROP = "DROP FUNCTION mail_rule_may_pass(text, text);"


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0015_groups_have_a_list_id"),
        ("domains", "0029_rule_targets"),
    ]
    operations = [migrations.RunSQL(FUNCTIONS, DROP)]
