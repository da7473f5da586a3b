"""A role may cover some domains only."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_audit_chain"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="is_scoped",
            field=models.BooleanField(default=False),
        ),
    ]
