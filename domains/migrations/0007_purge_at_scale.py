# Whoever leaves is taken out of forwardings and forwarders without reading every mailbox.
import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("domains", "0006_mta_sts")]

    operations = [
        migrations.AddIndex(
            "mailbox",
            django.contrib.postgres.indexes.GinIndex(
                fields=["forward_to"], name="mailbox_forward_to"
            ),
        ),
        migrations.AddIndex(
            "forwardertarget", models.Index(fields=["email"], name="forwarder_target_email")
        ),
    ]
