"""Counters of the sending limits, and the two functions that read and add to them."""

import django.db.models.deletion
from django.db import migrations, models

FUNCTIONS = """
-- The windows that bound a tenant at a moment: of its own plan and of the plans above it, with what
-- was sent in them by everything below. No row: nothing bounds it. `zone` says where midnight is.
CREATE FUNCTION sending_windows(of_tenant bigint, zone text, moment timestamptz)
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

-- Take places for `wanted` recipients in every window that bounds the tenant, or in none. No row:
-- taken. A row: the window without room; one that could never hold so many comes first, then the one
-- that ends last. Rows are always locked in the same order.
CREATE FUNCTION sending_take(of_tenant bigint, wanted integer, zone text, moment timestamptz)
    RETURNS TABLE (span text, allowed integer, ends_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    PERFORM 1 FROM sending_windows(of_tenant, zone, moment);
    IF NOT FOUND THEN RETURN; END IF;
    INSERT INTO delivery_sendingcount (tenant_id, span, starts_at, recipients)
    SELECT w.tenant_id, w.span, w.starts_at, 0
      FROM sending_windows(of_tenant, zone, moment) w ORDER BY w.tenant_id, w.span
        ON CONFLICT DO NOTHING;
    PERFORM 1
       FROM delivery_sendingcount c
       JOIN sending_windows(of_tenant, zone, moment) w
         ON w.tenant_id = c.tenant_id AND w.span = c.span AND w.starts_at = c.starts_at
      ORDER BY c.tenant_id, c.span
        FOR UPDATE OF c;
    RETURN QUERY
        SELECT w.span, w.allowed, w.ends_at FROM sending_windows(of_tenant, zone, moment) w
         WHERE w.used + wanted > w.allowed
         ORDER BY wanted > w.allowed DESC, w.ends_at DESC, w.allowed
         LIMIT 1;
    IF FOUND THEN RETURN; END IF;
    UPDATE delivery_sendingcount c SET recipients = c.recipients + wanted
      FROM sending_windows(of_tenant, zone, moment) w
     WHERE w.tenant_id = c.tenant_id AND w.span = c.span AND w.starts_at = c.starts_at;
END $$;
REVOKE EXECUTE ON FUNCTION sending_windows(bigint, text, timestamptz),
    sending_take(bigint, integer, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sending_windows(bigint, text, timestamptz),
    sending_take(bigint, integer, text, timestamptz) TO hopthu_app;
"""
GONE = """
DROP FUNCTION sending_take(bigint, integer, text, timestamptz);
DROP FUNCTION sending_windows(bigint, text, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_plan_features"),
        ("delivery", "0003_counts_at_scale"),
    ]

    operations = [
        migrations.CreateModel(
            name="SendingCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "span",
                    models.CharField(
                        choices=[("hour", "This hour"), ("day", "Today")], max_length=4
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("recipients", models.PositiveIntegerField(default=0)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["starts_at"], name="sending_count_starts")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "span", "starts_at"), name="sending_count_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("span__in", ["hour", "day"])),
                        name="sending_count_span_known",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, GONE),
    ]
