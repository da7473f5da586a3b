"""Automatic replies set by an admin, and the plans of leavers."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

WALLS = (
    # table, constraint, column, referenced table
    ("domains_autoreply", "auto_reply_mailbox_tenant", "mailbox_id", "domains_mailbox"),
    ("domains_departure", "departure_mailbox_tenant", "mailbox_id", "domains_mailbox"),
    ("domains_departure", "departure_colleague_tenant", "colleague_id", "domains_mailbox"),
)
ADD_WALLS = "".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column}) "
    f"REFERENCES {other} (tenant_id, id) ON UPDATE CASCADE DEFERRABLE INITIALLY IMMEDIATE;\n"
    for table, name, column, other in WALLS
)
DROP_WALLS = "".join(
    f"ALTER TABLE {table} DROP CONSTRAINT {name};\n" for table, name, _c, _o in WALLS
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_termination"),
        ("domains", "0007_purge_at_scale"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailhomechange",
            name="archive_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="mailhomechange",
            name="archived_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="AutoReply",
            fields=[
                (
                    "mailbox",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="auto_reply",
                        serialize=False,
                        to="domains.mailbox",
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("text", models.TextField(max_length=4000)),
                ("every_days", models.PositiveSmallIntegerField(default=7)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                ("written_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("written_at__isnull", True)),
                        fields=["mailbox"],
                        name="auto_reply_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("every_days__gte", 1), ("every_days__lte", 30)),
                        name="auto_reply_days",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Departure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("planned_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("stop_due_at", models.DateTimeField()),
                (
                    "hand_over",
                    models.CharField(
                        choices=[
                            ("nothing", "Nothing"),
                            ("forward", "New mail"),
                            ("copy", "New mail and a copy of the old"),
                        ],
                        default="nothing",
                        max_length=8,
                    ),
                ),
                ("forward_due_until", models.DateTimeField(blank=True, null=True)),
                ("reply_text", models.TextField(blank=True, max_length=4000)),
                ("reply_every_days", models.PositiveSmallIntegerField(default=7)),
                ("archive_days", models.PositiveSmallIntegerField(default=0)),
                ("close_due_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                ("person_was_active", models.BooleanField(default=False)),
                ("mailbox_was_active", models.BooleanField(default=False)),
                ("forwarded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "forward_before",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=320),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("keep_copy_before", models.BooleanField(default=True)),
                ("forward_ended_at", models.DateTimeField(blank=True, null=True)),
                ("replied_at", models.DateTimeField(blank=True, null=True)),
                ("copied_at", models.DateTimeField(blank=True, null=True)),
                ("copy_error", models.TextField(blank=True)),
                (
                    "colleague",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="domains.mailbox",
                    ),
                ),
                (
                    "mailbox",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="departure",
                        to="domains.mailbox",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["close_due_at"], name="departure_close"),
                    models.Index(
                        condition=models.Q(("stopped_at__isnull", True)),
                        fields=["stop_due_at"],
                        name="departure_stop",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("hand_over__in", ["nothing", "forward", "copy"])),
                        name="departure_hand_over_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("close_due_at__gte", models.F("stop_due_at"))),
                        name="departure_closes_after_stop",
                    ),
                ],
            },
        ),
        migrations.RunSQL(ADD_WALLS, DROP_WALLS),
    ]
