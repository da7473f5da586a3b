"""Every mailbox has its row of usage from the start, and every order of the list has an index."""

from django.db import migrations, models

ADD = r"""
-- The same words as before, but never inlined: the planner then knows what a call costs and uses
-- the trigram index instead of folding every name of a large tenant.
CREATE OR REPLACE FUNCTION domains_fold(text) RETURNS text
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT COST 400 AS $$
BEGIN
  RETURN replace(
    regexp_replace(normalize(lower($1 COLLATE "und-x-icu"), NFD), '[\u0300-\u036f]', '', 'g'),
    'đ', 'd');
END $$;
CREATE FUNCTION domains_open_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO domains_mailboxusage (mailbox_id, bytes, messages) VALUES (NEW.id, 0, 0)
  ON CONFLICT (mailbox_id) DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER mailbox_has_usage AFTER INSERT ON domains_mailbox
  FOR EACH ROW EXECUTE FUNCTION domains_open_usage();
INSERT INTO domains_mailboxusage (mailbox_id, bytes, messages)
  SELECT id, 0, 0 FROM domains_mailbox ON CONFLICT (mailbox_id) DO NOTHING;
"""
DROP = """
DROP TRIGGER mailbox_has_usage ON domains_mailbox;
DROP FUNCTION domains_open_usage();
"""


class Migration(migrations.Migration):
    dependencies = [("domains", "0003_mailbox_was_suspended")]

    operations = [
        migrations.RunSQL(ADD, DROP),
        migrations.AddIndex(
            "mailboxusage", models.Index(fields=["bytes", "mailbox"], name="usage_bytes")
        ),
        *(
            migrations.AddIndex("mailbox", models.Index(fields=fields, name=name))
            for fields, name in (
                (["name", "id"], "mailbox_name"),
                (["tenant", "name", "id"], "mailbox_tenant_name"),
                (["status", "id"], "mailbox_status"),
                (["tenant", "status", "id"], "mailbox_tenant_status"),
                (["created_at", "id"], "mailbox_created"),
            )
        ),
    ]
