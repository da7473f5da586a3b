"""Whether people outside agreed that mail is passed on to them; who gets mail now has."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

# Running forwardings go on: whoever is outside and gets mail today counts as having agreed.
KEEP_RUNNING = """
INSERT INTO domains_consent (tenant_id, email, requested_at, expires_at, letter_due, confirmed_at)
SELECT DISTINCT goes.tenant_id, lower(goes.email), now(), now(), false, now()
  FROM (SELECT f.tenant_id, t.email
          FROM domains_forwarder f JOIN domains_forwardertarget t ON t.forwarder_id = f.id
         UNION ALL
        SELECT m.tenant_id, unnest(m.forward_to) FROM domains_mailbox m WHERE m.forward_to <> '{}'
       ) goes
 WHERE NOT EXISTS (
       SELECT FROM domains_domain d
        WHERE d.tenant_id = goes.tenant_id AND d.name = split_part(goes.email, '@', 2)
          AND d.status IN ('active', 'suspended'))
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_trusted_forwarding"),
        ("domains", "0019_groups_in_jobs"),
    ]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.CharField(max_length=320)),
                ("token_sha256", models.CharField(max_length=64, null=True, unique=True)),
                ("requested_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("letter_due", models.BooleanField(default=False)),
                ("mailed_at", models.DateTimeField(blank=True, null=True)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("letter_due", True)),
                        fields=["tenant", "requested_at"],
                        name="consent_letter_due",
                    ),
                    models.Index(fields=["tenant", "mailed_at"], name="consent_tenant_mailed"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "email"), name="consent_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("email", django.db.models.functions.text.Lower("email"))
                        ),
                        name="consent_lower",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_at__isnull", True),
                            ("stopped_at__isnull", True),
                            _connector="OR",
                        ),
                        name="consent_one_answer",
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEEP_RUNNING, migrations.RunSQL.noop),
    ]
