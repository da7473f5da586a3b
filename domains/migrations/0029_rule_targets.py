"""Addresses outside to which the rules of a mailbox pass mail on."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("domains", "0028_mail_as_a_file")]

    operations = [
        migrations.CreateModel(
            name="RuleTarget",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.CharField(max_length=320)),
                ("used_at", models.DateTimeField()),
                (
                    "mailbox",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rule_targets",
                        to="domains.mailbox",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["email"], name="rule_target_email")],
                "constraints": [
                    models.UniqueConstraint(fields=("mailbox", "email"), name="rule_target_once")
                ],
            },
        ),
    ]
