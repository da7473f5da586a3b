"""What counters say: whether they are right, and for whom a plan would be too small."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connection

from accounts.models import TenantStatus

if TYPE_CHECKING:
    from domains.models import Job


@dataclass(frozen=True, slots=True)
class WrongRoom:
    """A counter that differs from what is there."""

    tenant_id: int
    room: str  # the plan's field
    used: int  # as counted
    found: int


@dataclass(frozen=True, slots=True)
class WrongStorage:
    """A domain whose storage in use is counted wrong, in bytes."""

    domain_id: int
    used: int  # as counted
    found: int


_STORAGE = """
SELECT d.id, coalesce(w.bytes, 0)::bigint, coalesce(c.found, 0)::bigint
  FROM domains_domain d
  LEFT JOIN domains_domainusage w ON w.domain_id = d.id
  LEFT JOIN (SELECT a.domain_id, sum(u.bytes) AS found
               FROM domains_mailboxusage u
               JOIN domains_mailbox m ON m.id = u.mailbox_id
               JOIN domains_address a ON a.id = m.address_id
              GROUP BY a.domain_id) c ON c.domain_id = d.id
 WHERE coalesce(w.bytes, 0) <> coalesce(c.found, 0)
 ORDER BY d.id
"""


def wrong_storage() -> list[WrongStorage]:
    """Return the domains whose storage is counted wrong. One query, which reads every mailbox."""
    with connection.cursor() as cursor:
        cursor.execute(_STORAGE)
        return [WrongStorage(*row) for row in cursor.fetchall()]


def wrong_rooms() -> list[WrongRoom]:
    """Return the counters that are wrong. One query, which reads every row that counts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM domains_wrong_rooms()")
        return [WrongRoom(*row) for row in cursor.fetchall()]


@dataclass(slots=True)
class TooSmall:
    """For how many customers a plan is too small, and by which of its fields for how many."""

    plan_id: int
    plan: str
    customers: int = 0
    rooms: dict[str, int] = field(default_factory=dict)


# What a customer has counts with all below it: each counter is added to every tenant on its path.
_TOO_SMALL = """
WITH used AS (
  SELECT up.id, u.room, sum(u.used) AS used
    FROM domains_roomusage u
    JOIN accounts_tenant t ON t.id = u.tenant_id AND t.path LIKE %(below)s
   CROSS JOIN unnest(string_to_array(rtrim(t.path, '.'), '.')::bigint[]) AS up (id)
   WHERE up.id IN (SELECT target_id FROM domains_jobrow WHERE job_id = %(job)s)
   GROUP BY up.id, u.room
)
SELECT p.id, p.name, used.room, count(DISTINCT c.id)
  FROM used
  JOIN accounts_tenant c ON c.id = used.id AND c.status <> %(purged)s
  JOIN accounts_plan p ON p.tenant_id = %(seller)s AND p.id IS DISTINCT FROM c.plan_id
   AND used.used > (to_jsonb(p) ->> used.room)::bigint
 GROUP BY GROUPING SETS ((p.id, p.name), (p.id, p.name, used.room))
 ORDER BY p.name, p.id, used.room NULLS FIRST
"""


def too_small_for(job: Job) -> list[TooSmall]:
    """Return the seller's plans that some customers of the job have outgrown, by name. One query.

    A customer who is on the plan already is left as he is, so he does not count.
    """
    found: dict[int, TooSmall] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _TOO_SMALL,
            {
                "below": f"{job.tenant.path}%",
                "job": job.pk,
                "purged": TenantStatus.PURGED,
                "seller": job.tenant_id,
            },
        )
        for plan_id, plan, room, customers in cursor.fetchall():
            one = found.setdefault(plan_id, TooSmall(plan_id, plan))
            if room is None:
                one.customers = customers
            else:
                one.rooms[room] = customers
    return list(found.values())
