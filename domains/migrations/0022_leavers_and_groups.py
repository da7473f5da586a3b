"""Leavers also leave their groups, and admins are reminded of what closes soon."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("domains", "0021_room_usage")]

    operations = [
        # plans from before were confirmed without it
        migrations.AddField("departure", "leave_groups", models.BooleanField(default=False)),
        migrations.AddField(
            "departure", "left_groups_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            "departure",
            "groups_left",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            "departure", "reminded_at", models.DateTimeField(blank=True, null=True)
        ),
    ]
