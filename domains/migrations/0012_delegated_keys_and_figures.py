"""DKIM keys that live in the operator's zone; what was counted while a record was judged."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("domains", "0011_scoped_roles")]

    operations = [
        migrations.AddField(
            "dkimkey", "delegated_to", models.CharField(blank=True, db_default="", max_length=253)
        ),
        migrations.AddField("dkimkey", "published_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("dnsrecordstate", "figures", models.JSONField(default=dict)),
    ]
