"""postmaster and abuse follow the company's admins, unless somebody chose where they go."""

from django.db import migrations, models

MARK = """
UPDATE domains_alias al SET to_admins = true
  FROM domains_address a
 WHERE a.id = al.address_id AND a.localpart IN ('postmaster', 'abuse')
   AND NOT EXISTS (SELECT FROM accounts_auditevent e
                    WHERE e.action = 'alias.change' AND e.target_id = al.id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("domains", "0012_delegated_keys_and_figures"),
        ("accounts", "0002_audit_is_append_only"),
    ]

    operations = [
        migrations.AddField(
            "alias", "to_admins", models.BooleanField(db_default=False, default=False)
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
