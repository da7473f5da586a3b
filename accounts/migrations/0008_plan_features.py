"""A plan may leave features out."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_acting_as")]

    operations = [
        migrations.AddField(
            "plan",
            "left_out",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("pop3", "POP3"),
                        ("forward_outside", "Forwarding to other companies"),
                        ("catch_all", "Catch-all"),
                        ("auto_reply", "Automatic replies by an admin"),
                    ],
                    max_length=24,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
    ]
