"""Domains and mailboxes may refuse mail while suspended; a domain ends with days of grace."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_termination"),
        ("domains", "0004_lists_at_scale"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="domain",
            name="domain_status_known",
        ),
        migrations.AddField(
            model_name="domain",
            name="delete_after",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="refuses_mail",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="domain",
            name="was_suspended",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="refuses_mail",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="mailhomechange",
            name="bytes",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="mailhomechange",
            name="domain_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="mailhomechange",
            name="tenant_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="domain",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "Waiting for proof of ownership"),
                    ("active", "Active"),
                    ("suspended", "Suspended"),
                    ("deleting", "Being deleted"),
                ],
                default="pending",
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="mailhomechange",
            index=models.Index(fields=["tenant_id", "domain_id"], name="home_change_of"),
        ),
        migrations.AddConstraint(
            model_name="domain",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "active", "suspended", "deleting"])),
                name="domain_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="domain",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("delete_after__isnull", False), ("status", "deleting")),
                    models.Q(
                        models.Q(("status", "deleting"), _negated=True),
                        ("delete_after__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="domain_deleting_has_date",
            ),
        ),
    ]
