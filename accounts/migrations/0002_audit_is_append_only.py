"""The application may write and read the audit trail, never change or remove a row of it."""

from django.db import migrations

# The role is missing where somebody brings a database of his own without the product's roles.
FORBID = """
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'hopthu_app') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON accounts_auditevent FROM hopthu_app;
  END IF;
END $$;
"""
ALLOW = """
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'hopthu_app') THEN
    GRANT UPDATE, DELETE ON accounts_auditevent TO hopthu_app;
  END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(FORBID, ALLOW)]
