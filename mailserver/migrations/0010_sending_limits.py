"""What Postfix asks after the last line of a message that somebody signed in to send."""

from django.db import migrations

FUNCTIONS = """
-- Take places for the recipients of a message. No row: it may go. Else the window that is full.
CREATE FUNCTION postfix_take_places(wanted_login text, wanted integer, zone text)
    RETURNS TABLE (span text, allowed integer, ends_at timestamptz)
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT f.span, f.allowed, f.ends_at
      FROM domains_address a
     CROSS JOIN LATERAL sending_take(a.tenant_id, wanted, zone, now()) f
     WHERE a.email = regexp_replace(wanted_login, '@webmail$', '')
$$;
REVOKE EXECUTE ON FUNCTION postfix_take_places(text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION postfix_take_places(text, integer, text) TO hopthu_app;
"""
GONE = "DROP FUNCTION postfix_take_places(text, integer, text);"


class Migration(migrations.Migration):
    dependencies = [
        ("mailserver", "0009_imported_passwords"),
        ("delivery", "0004_sending_limits"),
        ("domains", "0014_groups_and_grants"),
    ]
    operations = [migrations.RunSQL(FUNCTIONS, GONE)]
