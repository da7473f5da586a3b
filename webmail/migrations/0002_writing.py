"""Addresses written to, pictures inside the text, the draft that a sent letter replaces."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("domains", "0001_initial"),
        ("webmail", "0001_initial"),
    ]

    operations = [
        migrations.RenameField("composeupload", "created_at", "touched_at"),
        migrations.AddField("composeupload", "is_inline", models.BooleanField(default=False)),
        migrations.AddField(
            "sentcopy", "draft_message_id", models.CharField(blank=True, max_length=998)
        ),
        migrations.CreateModel(
            name="CollectedAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.CharField(max_length=320)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("used_count", models.PositiveIntegerField(default=1)),
                ("used_at", models.DateTimeField()),
                (
                    "mailbox",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="domains.mailbox",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("mailbox", "email"), name="collected_once")
                ],
            },
        ),
    ]
