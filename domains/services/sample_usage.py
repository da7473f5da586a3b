"""Writes down how much there is, so that pages can show how it grew."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from domains.models import UsageSample

KEEP = timedelta(days=800)
# The path of a tenant lists the ids of all above it: each mailbox counts for every one of them.
_SQL = """
WITH own AS (
    SELECT t.id, string_to_array(rtrim(t.path, '.'), '.')::bigint[] AS line,
           coalesce(d.number, 0) AS domains, coalesce(m.number, 0) AS mailboxes,
           coalesce(m.bytes, 0) AS bytes
      FROM accounts_tenant t
      LEFT JOIN (SELECT tenant_id, count(*) AS number FROM domains_domain GROUP BY tenant_id) d
        ON d.tenant_id = t.id
      LEFT JOIN (SELECT m.tenant_id, count(*) AS number, sum(u.bytes) AS bytes
                   FROM domains_mailbox m JOIN domains_mailboxusage u ON u.mailbox_id = m.id
                  GROUP BY m.tenant_id) m
        ON m.tenant_id = t.id)
INSERT INTO domains_usagesample (tenant_id, taken_on, domains, mailboxes, bytes)
SELECT above.id, %s, sum(own.domains), sum(own.mailboxes), sum(own.bytes)
  FROM own CROSS JOIN LATERAL unnest(own.line) AS above (id)
  JOIN accounts_tenant t ON t.id = above.id
 GROUP BY above.id
    ON CONFLICT (tenant_id, taken_on) DO UPDATE
   SET domains = excluded.domains, mailboxes = excluded.mailboxes, bytes = excluded.bytes
"""


def sample_usage() -> int:
    """Write today's row of every tenant, or renew it; return how many. Idempotent, two statements."""
    today = timezone.now().date()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_SQL, [today])
            written = int(cursor.rowcount)
        UsageSample.objects.filter(taken_on__lt=today - KEEP).delete()
    return written
