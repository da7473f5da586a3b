# Dovecot verifies the hashes that came along from other servers too, each by its own scheme.
from django.db import migrations

SQL = """
-- The stored form is `<algorithm>$<hash>`; NULL for what no scheme of Dovecot can verify.
CREATE FUNCTION mail_password(stored text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE
        WHEN stored LIKE 'argon2$argon2id$%' THEN '{ARGON2ID}' || substr(stored, 7)
        WHEN stored LIKE 'argon2$argon2i$%' THEN '{ARGON2I}' || substr(stored, 7)
        WHEN stored LIKE 'crypt$6$%' THEN '{SHA512-CRYPT}' || substr(stored, 6)
        WHEN stored LIKE 'bcrypt$2%' THEN '{BLF-CRYPT}' || substr(stored, 7)
        WHEN stored LIKE 'ssha$%' THEN '{SSHA}' || substr(stored, 6)
        WHEN stored LIKE 'ssha256$%' THEN '{SSHA256}' || substr(stored, 9)
        WHEN stored LIKE 'ssha512$%' THEN '{SSHA512}' || substr(stored, 9)
        WHEN stored LIKE 'pbkdf2$1$%' THEN '{PBKDF2}' || substr(stored, 7)
    END
$$;
CREATE OR REPLACE VIEW dovecot_passdb AS
SELECT v.service, a.email, mail_password(s.password) AS password,
       json_build_object('password', mail_password(s.password))::text AS val
  FROM domains_address a
 CROSS JOIN (VALUES ('imap'), ('pop3'), ('smtp'), ('sieve')) AS v (service)
 CROSS JOIN LATERAL mail_sign_in(v.service, a.id) AS s
 WHERE mail_password(s.password) IS NOT NULL;
REVOKE EXECUTE ON FUNCTION mail_password(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mail_password(text) TO dovecot_ro, hopthu_app;
"""


class Migration(migrations.Migration):
    dependencies = [("mailserver", "0008_groups_and_grants")]
    operations = [migrations.RunSQL(SQL)]
