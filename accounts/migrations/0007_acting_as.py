"""A company may let its provider act in the place of its admins."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_scoped_roles")]

    operations = [
        migrations.AddField("tenant", "lets_provider_act", models.BooleanField(default=False)),
    ]
