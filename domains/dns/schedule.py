"""When to look at a domain's DNS again. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

WHILE_SOMEBODY_WAITS = timedelta(seconds=20)
SOON = timedelta(minutes=10)
HOURLY = timedelta(hours=1)


def next_look(
    *, now: datetime, created_at: datetime, is_pending: bool, is_unsettled: bool
) -> datetime:
    """Return the time of the next check.

    A pending domain is looked at every 20 s in its first hour, because somebody sits before the
    page; then every 10 minutes for a day, hourly for a month, and daily as long as it is there.
    `is_unsettled`: an answer did not come, or something changed and waits to be seen twice.
    """
    age = now - created_at
    if is_pending:
        if age < timedelta(hours=1):
            return now + WHILE_SOMEBODY_WAITS
        if age < timedelta(days=1):
            return now + SOON
        return now + (HOURLY if age < timedelta(days=30) else timedelta(days=1))
    return now + (SOON if is_unsettled else HOURLY)
