"""When the MX of a domain led here for the first time, as far as the history tells."""

from django.db import migrations, models

SEEN = """
UPDATE domains_domain d SET mx_seen_at = d.verified_at
WHERE d.verified_at IS NOT NULL AND (
    d.dns_worst NOT LIKE 'mx.%' OR EXISTS (
        SELECT 1 FROM domains_dnschange c
        WHERE c.domain_id = d.id AND c.record = 'mx' AND c.before = 'match'
    )
)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("domains", "0030_customer_plan"),
    ]

    operations = [
        migrations.AddField(
            model_name="domain",
            name="mx_seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunSQL(SEEN, migrations.RunSQL.noop),
    ]
