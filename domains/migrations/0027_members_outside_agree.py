"""Members of groups outside are asked from now on; who is one already goes on getting mail."""

from django.db import migrations

# Who said no before gets nothing through groups either.
KEEP_RUNNING = """
INSERT INTO domains_consent (tenant_id, email, requested_at, expires_at, letter_due, confirmed_at)
SELECT DISTINCT m.tenant_id, lower(m.email), now(), now(), false, now()
  FROM domains_groupmember m
 WHERE m.address_id IS NULL
   AND NOT EXISTS (
       SELECT FROM domains_domain d
        WHERE d.tenant_id = m.tenant_id AND d.name = split_part(m.email, '@', 2)
          AND d.status IN ('active', 'suspended'))
    ON CONFLICT (tenant_id, email) DO UPDATE SET confirmed_at = now(), letter_due = false
 WHERE domains_consent.confirmed_at IS NULL AND domains_consent.stopped_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("domains", "0026_undo_customers")]

    operations = [migrations.RunSQL(KEEP_RUNNING, migrations.RunSQL.noop)]
