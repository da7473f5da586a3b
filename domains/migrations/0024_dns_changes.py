"""Changes of DNS records as rows, so that those of a whole tenant are listed without reading checks."""

import django.db.models.deletion
from django.db import migrations, models

ADD = """
ALTER TABLE domains_dnschange ADD CONSTRAINT dns_change_domain_tenant
    FOREIGN KEY (tenant_id, domain_id) REFERENCES domains_domain (tenant_id, id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY IMMEDIATE;
-- What the kept checks saw, silences left out.
INSERT INTO domains_dnschange (tenant_id, domain_id, check_row_id, record, before, after, at)
SELECT tenant_id, domain_id, check_row_id, record, before, verdict, finished_at
  FROM (SELECT c.tenant_id, c.domain_id, s.check_row_id, s.record, s.verdict, c.finished_at,
               lag(s.verdict) OVER (PARTITION BY c.domain_id, s.record ORDER BY c.id) AS before
          FROM domains_dnsrecordstate s JOIN domains_dnscheck c ON c.id = s.check_row_id
         WHERE c.finished_at IS NOT NULL AND s.verdict <> 'unknown') seen
 WHERE before <> verdict;
"""
DROP = "ALTER TABLE domains_dnschange DROP CONSTRAINT dns_change_domain_tenant;"
VERDICTS = [
    ("match", "Match"),
    ("missing", "Missing"),
    ("conflict", "Conflict"),
    ("unknown", "Unknown"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_trusted_forwarding"),
        ("domains", "0023_storage_is_counted"),
    ]

    operations = [
        migrations.CreateModel(
            name="DnsChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("record", models.CharField(max_length=32)),
                ("before", models.CharField(choices=VERDICTS, max_length=16)),
                ("after", models.CharField(choices=VERDICTS, max_length=16)),
                ("at", models.DateTimeField()),
                (
                    "check_row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="domains.dnscheck",
                    ),
                ),
                (
                    "domain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dns_changes",
                        to="domains.domain",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["tenant", "-at", "-id"], name="dns_change_tenant"),
                    models.Index(fields=["-at", "-id"], name="dns_change_at"),
                ],
            },
        ),
        migrations.RunSQL(ADD, DROP),
    ]
