"""A domain may stand for another one of the same tenant."""

import django.db.models.deletion
from django.db import migrations, models

# The database refuses an alias of another tenant's domain, and ends it with the domain.
ADD_WALL = """
ALTER TABLE domains_domain ADD CONSTRAINT domain_alias_of_tenant
  FOREIGN KEY (tenant_id, alias_of_id) REFERENCES domains_domain (tenant_id, id)
  ON UPDATE CASCADE ON DELETE SET NULL (alias_of_id) DEFERRABLE INITIALLY IMMEDIATE
"""


class Migration(migrations.Migration):
    dependencies = [("domains", "0008_leavers")]

    operations = [
        migrations.AddField(
            "domain",
            "alias_of",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="alias_domains",
                to="domains.domain",
            ),
        ),
        migrations.AddConstraint(
            "domain",
            models.CheckConstraint(
                condition=models.Q(("alias_of", models.F("id")), _negated=True)
                | models.Q(("alias_of__isnull", True)),
                name="domain_alias_of_another",
            ),
        ),
        migrations.RunSQL(
            ADD_WALL, "ALTER TABLE domains_domain DROP CONSTRAINT domain_alias_of_tenant"
        ),
    ]
