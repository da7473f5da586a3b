"""What Dovecot reports of a mailbox that is purged this moment is kept by nobody."""

from django.db import migrations

STORE = """
-- The row of the mailbox is held: whoever purges it waits for us, or we for him and find none. Else
-- its bytes would go on counting for domain and tenant, with nothing left that gives them back.
CREATE OR REPLACE FUNCTION store_dovecot_usage() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO domains_mailboxusage AS now (mailbox_id, bytes, messages)
    SELECT m.id, coalesce(NEW.bytes, 0), coalesce(NEW.messages, 0)
      FROM domains_address a JOIN domains_mailbox m ON m.address_id = a.id
     WHERE a.email = NEW.email FOR KEY SHARE OF m
    ON CONFLICT (mailbox_id) DO UPDATE SET
        bytes = coalesce(NEW.bytes, now.bytes), messages = coalesce(NEW.messages, now.messages);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION store_dovecot_sign_in() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO domains_lastsignin AS now (mailbox_id, service, at_epoch)
    SELECT m.id, NEW.service, NEW.at_epoch
      FROM domains_address a JOIN domains_mailbox m ON m.address_id = a.id
     WHERE a.email = NEW.email FOR KEY SHARE OF m
    ON CONFLICT (mailbox_id, service) DO UPDATE SET
        at_epoch = greatest(NEW.at_epoch, now.at_epoch);
    RETURN NULL;
END $$;
"""
# What was left behind before; the triggers carry the difference on to the tenants.
MEND = """
DELETE FROM domains_mailboxusage u WHERE NOT EXISTS (
    SELECT FROM domains_mailbox m WHERE m.id = u.mailbox_id);
DELETE FROM domains_lastsignin s WHERE NOT EXISTS (
    SELECT FROM domains_mailbox m WHERE m.id = s.mailbox_id);
UPDATE domains_domainusage d SET bytes = found.bytes
  FROM (SELECT d.domain_id, coalesce(sum(u.bytes), 0) AS bytes
          FROM domains_domainusage d
          LEFT JOIN domains_address a ON a.domain_id = d.domain_id
          LEFT JOIN domains_mailbox m ON m.address_id = a.id
          LEFT JOIN domains_mailboxusage u ON u.mailbox_id = m.id
         GROUP BY d.domain_id) found
 WHERE found.domain_id = d.domain_id AND found.bytes <> d.bytes;
SELECT domains_recount_rooms();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0016_rules_ask_too"),
        ("domains", "0029_rule_targets"),
    ]

    operations = [
        migrations.RunSQL(STORE, migrations.RunSQL.noop),
        migrations.RunSQL(MEND, migrations.RunSQL.noop),
    ]
