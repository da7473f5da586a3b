"""Whether the counters of what plans limit are right."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class WrongRoom:
    """A counter that differs from what is there."""

    tenant_id: int
    room: str  # the plan's field
    used: int  # as counted
    found: int


def wrong_rooms() -> list[WrongRoom]:
    """Return the counters that are wrong. One query, which reads every row that counts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM domains_wrong_rooms()")
        return [WrongRoom(*row) for row in cursor.fetchall()]
