# A tenant is suspended when one above it is: nobody in it signs in or sends, mail still arrives.
from django.db import migrations

COLUMNS = """
CREATE OR REPLACE VIEW mail_hosted AS
SELECT a.id AS address_id, a.email, d.name AS domain_name, d.id AS domain_id,
       {may_sign_in} AS may_sign_in
  FROM domains_address a
  JOIN domains_domain d ON d.id = a.domain_id
  JOIN accounts_tenant t ON t.id = d.tenant_id
 WHERE d.status IN ('active', 'suspended') AND t.status <> 'terminated';
"""
OWN = "d.status = 'active' AND t.status = 'active'"
# The path lists the ids from the root to the tenant, so this costs a few reads by primary key.
WHOLE_LINE = """d.status = 'active' AND NOT EXISTS (
         SELECT 1 FROM accounts_tenant line
          WHERE line.id = ANY (string_to_array(rtrim(t.path, '.'), '.')::bigint[])
            AND line.status <> 'active')"""


class Migration(migrations.Migration):
    dependencies = [("mailserver", "0002_sign_ins"), ("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(COLUMNS.format(may_sign_in=WHOLE_LINE), COLUMNS.format(may_sign_in=OWN))
    ]
