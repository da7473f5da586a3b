"""A plan may trust its tenants with forwarding to people outside."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_plan_features"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="trusts_forwarding",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
