"""Chains the audit trail of each tenant: every entry is sealed over the one before it, at commit."""

from django.db import migrations, models

CHAIN = r"""
-- What is sealed: every column as text, each with its length before it, so that none can lend to another.
CREATE FUNCTION audit_sealed_text(entry accounts_auditevent) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(octet_length(part) || ':' || part, ',' ORDER BY place)
      FROM unnest(ARRAY[
           entry.id::text, entry.tenant_id::text,
           to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
           coalesce(entry.actor_id::text, ''), entry.actor_name, entry.acting_in, entry.acting_as,
           entry.action, entry.target_kind, coalesce(entry.target_id::text, ''), entry.target_name,
           entry.changes::text, coalesce(host(entry.ip), ''), entry.request_id])
           WITH ORDINALITY AS parts (part, place)
$$;

-- Runs at the end of the transaction, when all its other locks are held, so that two of them only
-- wait here for each other, in the order of tenants.
CREATE FUNCTION audit_seal() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before accounts_auditseal; text_of_row text;
BEGIN
    PERFORM pg_advisory_xact_lock(1752132404, NEW.tenant_id::integer);
    SELECT * INTO before FROM accounts_auditseal s
     WHERE s.tenant_id = NEW.tenant_id ORDER BY s.number DESC LIMIT 1;
    text_of_row := audit_sealed_text(NEW);
    INSERT INTO accounts_auditseal (event_id, tenant_id, number, sha256)
    VALUES (NEW.id, NEW.tenant_id, coalesce(before.number, 0) + 1,
            encode(sha256(convert_to(coalesce(before.sha256, '') || text_of_row, 'UTF8')), 'hex'));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_seal AFTER INSERT ON accounts_auditevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_seal();

-- Seal what was written before there was a chain, in order.
DO $$
DECLARE
    entry accounts_auditevent; tenant bigint := NULL; last text := ''; n bigint := 0;
BEGIN
    FOR entry IN SELECT * FROM accounts_auditevent ORDER BY tenant_id, id LOOP
        IF tenant IS DISTINCT FROM entry.tenant_id THEN
            tenant := entry.tenant_id; last := ''; n := 0;
        END IF;
        n := n + 1;
        last := encode(sha256(convert_to(last || audit_sealed_text(entry), 'UTF8')), 'hex');
        INSERT INTO accounts_auditseal (event_id, tenant_id, number, sha256)
        VALUES (entry.id, entry.tenant_id, n, last);
    END LOOP;
END $$;
-- The role is missing where somebody brings a database of his own without the product's roles.
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'hopthu_app') THEN
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON accounts_auditseal FROM hopthu_app;
  END IF;
END $$;
"""
UNCHAIN = """
DROP TRIGGER audit_seal ON accounts_auditevent;
DROP FUNCTION audit_seal();
DROP FUNCTION audit_sealed_text(accounts_auditevent);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_search_at_scale")]

    operations = [
        migrations.AddField(
            "auditevent", "acting_as", models.CharField(blank=True, max_length=254, default="")
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("event_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("tenant_id", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "number"), name="audit_seal_once")
                ],
            },
        ),
        migrations.RunSQL(CHAIN, UNCHAIN),
    ]
