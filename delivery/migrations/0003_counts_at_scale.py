# What was sent lately is counted from these, not from all that is kept.
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_outbox")]

    operations = [
        migrations.AddIndex(
            "submission", models.Index(fields=["created_at"], name="submission_created")
        ),
        migrations.AddIndex("submission", models.Index(fields=["sent_at"], name="submission_sent")),
    ]
