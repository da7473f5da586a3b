"""Checks the chain of the audit trail: every entry is there, in order, and as it was written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BATCH = 2000

_SEALS = """
SELECT s.number, s.sha256, s.event_id, e.id, audit_sealed_text(e)
  FROM accounts_auditseal s LEFT JOIN accounts_auditevent e ON e.id = s.event_id
 WHERE s.tenant_id = %s AND s.number > %s ORDER BY s.number LIMIT %s
"""
_UNSEALED = """
SELECT e.tenant_id, min(e.id), count(*)
  FROM accounts_auditevent e LEFT JOIN accounts_auditseal s ON s.event_id = e.id
 WHERE s.event_id IS NULL AND (%s::bigint IS NULL OR e.tenant_id = %s) GROUP BY e.tenant_id
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The last seal of a tenant: who keeps it elsewhere can prove that nothing was cut off."""

    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold. `number` 0: an entry that no seal knows."""

    tenant_id: int
    number: int
    event_id: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found; `heads` by tenant."""

    checked: int
    heads: dict[int, Head]
    breaks: list[Break]


def verify_audit(
    *, tenant_id: int | None = None, kept: Mapping[int, Head] | None = None
) -> Verdict:
    """Walk the chains of one tenant, or of all; `kept` are heads written down earlier.

    The seals are computed here anew, not by the database. The first break of a tenant ends its walk:
    what follows it cannot be judged.
    """
    heads: dict[int, Head] = {}
    breaks: list[Break] = []
    checked = 0
    for tenant in _tenants(tenant_id, kept or {}):
        head, number, broken = _walk(tenant, (kept or {}).get(tenant))
        heads[tenant] = head
        checked += number
        breaks += broken
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, [tenant_id, tenant_id])
        breaks += [
            Break(tenant, 0, event, f"{count} entries without a seal")
            for tenant, event, count in cursor.fetchall()
        ]
    return Verdict(checked, heads, breaks)


def _tenants(tenant_id: int | None, kept: Mapping[int, Head]) -> list[int]:
    if tenant_id is not None:
        return [tenant_id]
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tenant_id FROM accounts_auditseal")
        return sorted({row[0] for row in cursor.fetchall()} | set(kept))


def _walk(tenant: int, kept: Head | None) -> tuple[Head, int, list[Break]]:
    last, number = "", 0
    seen_kept = kept is None or kept.number == 0
    for found, sha256, event_id, exists, text in _seals(tenant):
        if found != number + 1:
            return Head(number, last), number, [Break(tenant, number + 1, event_id, "missing")]
        if exists is None:
            return Head(number, last), number, [Break(tenant, found, event_id, "entry is gone")]
        if hashlib.sha256((last + text).encode()).hexdigest() != sha256:
            return Head(number, last), number, [Break(tenant, found, event_id, "was changed")]
        last, number = sha256, found
        if kept is not None and kept.number == number:
            if kept.sha256 != sha256:
                return Head(number, last), number, [Break(tenant, found, event_id, "was rewritten")]
            seen_kept = True
    if not seen_kept and kept is not None:
        return Head(number, last), number, [Break(tenant, kept.number, 0, "the end was cut off")]
    return Head(number, last), number, []


def _seals(tenant: int) -> Iterator[tuple[int, str, int, int | None, str]]:
    number = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_SEALS, [tenant, number, BATCH])
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < BATCH:
            return
        number = rows[-1][0]
