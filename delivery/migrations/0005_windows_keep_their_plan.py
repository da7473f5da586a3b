"""Reads the sending windows by a plan that each session keeps: planning cost more than reading."""

from django.db import migrations

KEEPS_ITS_PLAN = """
-- The windows that bound a tenant at a moment: of its own plan and of the plans above it, with what
-- was sent in them by everything below. No row: nothing bounds it. `zone` says where midnight is.
CREATE OR REPLACE FUNCTION sending_windows(of_tenant bigint, zone text, moment timestamptz)
    RETURNS TABLE (tenant_id bigint, span text, allowed integer, used integer,
                   starts_at timestamptz, ends_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 2 AS $$
BEGIN
    RETURN QUERY
    SELECT line.id, w.span, w.allowed, coalesce(c.recipients, 0), w.starts_at, w.ends_at
      FROM accounts_tenant own
      JOIN accounts_tenant line  -- the path lists the ids from the root to the tenant
        ON line.id = ANY (string_to_array(rtrim(own.path, '.'), '.')::bigint[])
      JOIN accounts_plan p ON p.id = line.plan_id
     CROSS JOIN LATERAL (VALUES
           ('hour', p.max_sent_per_hour, date_trunc('hour', moment, zone),
            date_trunc('hour', moment, zone) + interval '1 hour'),
           ('day', p.max_sent_per_day, date_trunc('day', moment, zone),
            (date_trunc('day', moment AT TIME ZONE zone) + interval '1 day') AT TIME ZONE zone)
           ) AS w (span, allowed, starts_at, ends_at)
      LEFT JOIN delivery_sendingcount c
        ON c.tenant_id = line.id AND c.span = w.span AND c.starts_at = w.starts_at
     WHERE own.id = of_tenant AND w.allowed IS NOT NULL;
END $$;
"""
PLANS_ANEW = """
CREATE OR REPLACE FUNCTION sending_windows(of_tenant bigint, zone text, moment timestamptz)
    RETURNS TABLE (tenant_id bigint, span text, allowed integer, used integer,
                   starts_at timestamptz, ends_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 2 AS $$
    SELECT line.id, w.span, w.allowed, coalesce(c.recipients, 0), w.starts_at, w.ends_at
      FROM accounts_tenant own
      JOIN accounts_tenant line  -- the path lists the ids from the root to the tenant
        ON line.id = ANY (string_to_array(rtrim(own.path, '.'), '.')::bigint[])
      JOIN accounts_plan p ON p.id = line.plan_id
     CROSS JOIN LATERAL (VALUES
           ('hour', p.max_sent_per_hour, date_trunc('hour', moment, zone),
            date_trunc('hour', moment, zone) + interval '1 hour'),
           ('day', p.max_sent_per_day, date_trunc('day', moment, zone),
            (date_trunc('day', moment AT TIME ZONE zone) + interval '1 day') AT TIME ZONE zone)
           ) AS w (span, allowed, starts_at, ends_at)
      LEFT JOIN delivery_sendingcount c
        ON c.tenant_id = line.id AND c.span = w.span AND c.starts_at = w.starts_at
     WHERE own.id = of_tenant AND w.allowed IS NOT NULL
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0004_sending_limits")]
    operations = [migrations.RunSQL(KEEPS_ITS_PLAN, PLANS_ANEW)]
