# Who may sign in with a token, and who may send at this moment.
from django.db import migrations

VIEWS = """
-- One row for each (service, email) that may sign in with a token of ours.
CREATE VIEW dovecot_tokendb AS
SELECT v.service, s.email, '{"nopassword": "y"}' AS val
  FROM mail_sign_ins s
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve')) AS v (service)
 WHERE CASE v.service WHEN 'pop3' THEN s.allow_pop3 WHEN 'smtp' THEN s.allow_smtp
                      ELSE s.allow_imap END;

-- Sign-in names that may send now: asked for each recipient, so that an open session ends too.
CREATE VIEW postfix_sign_ins AS
SELECT s.email AS login FROM mail_sign_ins s WHERE s.allow_smtp;

REVOKE INSERT, UPDATE, DELETE ON dovecot_tokendb, postfix_sign_ins FROM hopthu_app;
GRANT SELECT ON postfix_sign_ins TO postfix_ro;
GRANT SELECT ON dovecot_tokendb TO dovecot_ro;
"""


class Migration(migrations.Migration):
    dependencies = [("mailserver", "0001_lookup_views")]
    operations = [migrations.RunSQL(VIEWS, "DROP VIEW dovecot_tokendb, postfix_sign_ins")]
