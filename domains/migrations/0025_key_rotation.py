"""Changes of DKIM keys, one row each."""

import django.db.models.deletion
from django.db import migrations, models

ADD_WALL = """
ALTER TABLE domains_keyrotation ADD CONSTRAINT key_rotation_domain_tenant
  FOREIGN KEY (tenant_id, domain_id) REFERENCES domains_domain (tenant_id, id)
  ON UPDATE CASCADE DEFERRABLE INITIALLY IMMEDIATE;
"""
DROP_WALL = "ALTER TABLE domains_keyrotation DROP CONSTRAINT key_rotation_domain_tenant;"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_trusted_forwarding"),
        ("domains", "0024_dns_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeyRotation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("publishing", "Waiting for the new record"),
                            ("settling", "The new record is there"),
                            ("overlap", "Signs with the new key"),
                            ("done", "Changed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="publishing",
                        max_length=16,
                    ),
                ),
                ("from_selector", models.CharField(max_length=32)),
                ("to_selector", models.CharField(max_length=32)),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("next_look_at", models.DateTimeField(blank=True, null=True)),
                ("looked_at", models.DateTimeField(blank=True, null=True)),
                ("verdict", models.CharField(blank=True, max_length=16)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("switch_after", models.DateTimeField(blank=True, null=True)),
                ("switched_at", models.DateTimeField(blank=True, null=True)),
                ("retire_after", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "domain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="key_rotations",
                        to="domains.domain",
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
                    models.Index(
                        condition=models.Q(("next_look_at__isnull", False)),
                        fields=["next_look_at"],
                        name="rotation_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("publishing", "settling", "overlap"))),
                        fields=("domain",),
                        name="rotation_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["publishing", "settling", "overlap", "done", "cancelled"],
                            )
                        ),
                        name="rotation_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("from_selector", models.F("to_selector")), _negated=True
                        ),
                        name="rotation_to_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True),
                                ("next_look_at__isnull", False),
                                ("state__in", ("publishing", "settling", "overlap")),
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("next_look_at__isnull", True),
                                models.Q(
                                    ("state__in", ("publishing", "settling", "overlap")),
                                    _negated=True,
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="rotation_open_is_looked_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "settling"), _negated=True),
                            models.Q(("seen_at__isnull", False), ("switch_after__isnull", False)),
                            _connector="OR",
                        ),
                        name="rotation_settles_once_seen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ("overlap", "done")), _negated=True),
                            models.Q(
                                ("retire_after__gt", models.F("switched_at")),
                                ("seen_at__isnull", False),
                                ("switched_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="rotation_signs_once_seen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("switched_at__isnull", True),
                            ("state__in", ("overlap", "done")),
                            _connector="OR",
                        ),
                        name="rotation_switched_is_kept",
                    ),
                ],
            },
        ),
        migrations.RunSQL(ADD_WALL, DROP_WALL),
    ]
