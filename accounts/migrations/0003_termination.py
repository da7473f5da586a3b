"""A tenant may refuse mail while suspended, and end with days of grace."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_audit_is_append_only"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="tenant",
            name="tenant_status_known",
        ),
        migrations.AddField(
            model_name="tenant",
            name="purge_after",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="refuses_mail",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="tenant",
            name="was_suspended",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="tenant",
            name="status",
            field=models.CharField(
                choices=[
                    ("active", "Active"),
                    ("suspended", "Suspended"),
                    ("terminated", "Terminated"),
                    ("purged", "Purged"),
                ],
                default="active",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["active", "suspended", "terminated", "purged"])),
                name="tenant_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purge_after__isnull", False), ("status", "terminated")),
                    models.Q(
                        models.Q(("status", "terminated"), _negated=True),
                        ("purge_after__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="tenant_terminated_has_date",
            ),
        ),
    ]
