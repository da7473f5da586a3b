"""The old mail of a leaver can be handed over as a file."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("domains", "0027_members_outside_agree")]

    operations = [
        migrations.AlterField(
            "departure",
            "hand_over",
            models.CharField(
                choices=[
                    ("nothing", "Nothing"),
                    ("forward", "New mail"),
                    ("copy", "New mail and a copy of the old"),
                    ("file", "New mail, and the old as a file"),
                ],
                default="nothing",
                max_length=8,
            ),
        ),
        migrations.RemoveConstraint("departure", "departure_hand_over_known"),
        migrations.AddConstraint(
            "departure",
            models.CheckConstraint(
                condition=models.Q(("hand_over__in", ["nothing", "forward", "copy", "file"])),
                name="departure_hand_over_known",
            ),
        ),
        migrations.AddField("departure", "file_until", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("departure", "file_bytes", models.BigIntegerField(default=0)),
    ]
