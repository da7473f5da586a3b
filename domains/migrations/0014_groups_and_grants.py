"""Groups with their members and senders; what one mailbox may do with another address."""

import django.db.models.deletion
from django.db import migrations, models

WALLS = (
    # table, constraint, columns, referenced table
    ("domains_group", "group_address_tenant", "address_id", "domains_address"),
    ("domains_groupmember", "group_member_group_tenant", "group_id", "domains_group"),
    ("domains_groupmember", "group_member_address_tenant", "address_id", "domains_address"),
    ("domains_groupsender", "group_sender_group_tenant", "group_id", "domains_group"),
    ("domains_grant", "grant_address_tenant", "address_id", "domains_address"),
    ("domains_grant", "grant_mailbox_tenant", "mailbox_id", "domains_mailbox"),
)
ADD_WALLS = "".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column}) "
    f"REFERENCES {other} (tenant_id, id) ON UPDATE CASCADE DEFERRABLE INITIALLY IMMEDIATE;\n"
    for table, name, column, other in WALLS
)
DROP_WALLS = "".join(
    f"ALTER TABLE {table} DROP CONSTRAINT {name};\n" for table, name, _c, _o in WALLS
)
# The sign-in name of a grant, as the mail store asks for it.
ADD_NAME = "CREATE INDEX grant_sign_in ON domains_grant ((('grant-' || id::text)::varchar(320)))"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_search_at_scale"),
        ("domains", "0013_reserved_follow_admins"),
    ]

    operations = [
        migrations.CreateModel(
            name="Group",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "who_may_send",
                    models.CharField(
                        choices=[
                            ("anyone", "Everybody, also outside"),
                            ("company", "People of the company"),
                            ("members", "Members"),
                            ("named", "Only those named below"),
                        ],
                        default="company",
                        max_length=8,
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                ("version", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "address",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="group",
                        to="domains.address",
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
        ),
        migrations.CreateModel(
            name="GroupMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.CharField(max_length=320)),
                (
                    "address",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="domains.address",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="domains.group",
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
        ),
        migrations.CreateModel(
            name="GroupSender",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.CharField(max_length=320)),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="senders",
                        to="domains.group",
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
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "access",
                    models.CharField(
                        blank=True,
                        choices=[("", "No"), ("read", "Read"), ("write", "Read and change")],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "sends",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "No"),
                            ("as", "As the address"),
                            ("behalf", "On its behalf, own name shown"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "address",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grants",
                        to="domains.address",
                    ),
                ),
                (
                    "mailbox",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grants",
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
                "constraints": [
                    models.UniqueConstraint(fields=("address", "mailbox"), name="grant_once"),
                    models.CheckConstraint(
                        condition=models.Q(("access__in", ["", "read", "write"])),
                        name="grant_access_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sends__in", ["", "as", "behalf"])),
                        name="grant_sends_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("access", ""), _negated=True),
                            models.Q(("sends", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="grant_gives_something",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="group",
            index=models.Index(fields=["tenant", "name", "id"], name="group_tenant_name"),
        ),
        migrations.AddConstraint(
            model_name="group",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="group_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="group",
            constraint=models.CheckConstraint(
                condition=models.Q(("who_may_send__in", ["anyone", "company", "members", "named"])),
                name="group_who_known",
            ),
        ),
        migrations.AddIndex(
            model_name="groupmember",
            index=models.Index(fields=["email"], name="group_member_email"),
        ),
        migrations.AddConstraint(
            model_name="groupmember",
            constraint=models.UniqueConstraint(fields=("group", "email"), name="group_member_once"),
        ),
        migrations.AddConstraint(
            model_name="groupsender",
            constraint=models.UniqueConstraint(fields=("group", "email"), name="group_sender_once"),
        ),
        migrations.RunSQL(ADD_WALLS, DROP_WALLS),
        migrations.RunSQL(ADD_NAME, "DROP INDEX grant_sign_in"),
    ]
