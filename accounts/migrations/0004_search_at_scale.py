# People and the audit trail found by any part of a name, also where there are hundreds of thousands.
from django.db import migrations, models

ADD = """
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'pg_trgm is missing: search by part of a name reads the whole table';
END $$;
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
    CREATE INDEX user_name_part ON accounts_user USING gin (upper(name::text) gin_trgm_ops);
    CREATE INDEX user_email_part ON accounts_user USING gin (upper(email::text) gin_trgm_ops);
    CREATE INDEX audit_target_part ON accounts_auditevent
      USING gin (upper(target_name::text) gin_trgm_ops);
    CREATE INDEX audit_actor_part ON accounts_auditevent
      USING gin (upper(actor_name::text) gin_trgm_ops);
  END IF;
END $$;
"""
DROP = """
DROP INDEX IF EXISTS user_name_part, user_email_part, audit_target_part, audit_actor_part;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_termination")]

    operations = [
        migrations.AddIndex("auditevent", models.Index(fields=["-at", "-id"], name="audit_at")),
        migrations.RunSQL(ADD, DROP),
    ]
