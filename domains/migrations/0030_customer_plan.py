"""A kind of job that puts customers on another plan."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("domains", "0029_rule_targets"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="job",
            name="job_kind_known",
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("import_mailboxes", "Import mailboxes"),
                    ("import_aliases", "Import aliases"),
                    ("import_forwarders", "Import forwarders"),
                    ("import_customers", "Import customers"),
                    ("undo_import", "Take an import back"),
                    ("undo_customers", "Take customers back"),
                    ("customer_plan", "Change plan"),
                    ("mailbox_password", "Reset passwords"),
                    ("mailbox_quota", "Change storage"),
                    ("mailbox_alias", "Add to an alias"),
                    ("mailbox_unalias", "Take out of an alias"),
                    ("mailbox_group", "Add to a group"),
                    ("mailbox_ungroup", "Take out of a group"),
                    ("mailbox_suspend", "Suspend mailboxes"),
                    ("mailbox_resume", "Resume mailboxes"),
                    ("mailbox_delete", "Delete mailboxes"),
                    ("mailbox_restore", "Keep mailboxes from being deleted"),
                    ("alias_delete", "Delete aliases"),
                    ("forwarder_delete", "Delete forwarders"),
                    ("domain_delete", "Delete domains"),
                ],
                max_length=24,
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "import_mailboxes",
                            "import_aliases",
                            "import_forwarders",
                            "import_customers",
                            "undo_import",
                            "undo_customers",
                            "customer_plan",
                            "mailbox_password",
                            "mailbox_quota",
                            "mailbox_alias",
                            "mailbox_unalias",
                            "mailbox_group",
                            "mailbox_ungroup",
                            "mailbox_suspend",
                            "mailbox_resume",
                            "mailbox_delete",
                            "mailbox_restore",
                            "alias_delete",
                            "forwarder_delete",
                            "domain_delete",
                        ],
                    )
                ),
                name="job_kind_known",
            ),
        ),
    ]
