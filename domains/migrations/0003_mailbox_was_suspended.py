"""Remembers whether a mailbox was suspended before somebody began to delete it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("domains", "0002_tenant_walls_and_search")]

    operations = [
        migrations.AddField("mailbox", "was_suspended", models.BooleanField(default=False)),
    ]
