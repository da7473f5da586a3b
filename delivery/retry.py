"""When an outbox row is tried again, and when we stop trying. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

BACK_OFF = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900))
# A day of tries at our own Postfix; the four or five days of RFC 5321 begin after its 250.
GIVE_UP_AFTER = timedelta(hours=24)
MOST_ATTEMPTS = len(BACK_OFF) + (GIVE_UP_AFTER - sum(BACK_OFF, timedelta())) // BACK_OFF[-1]


def next_try(*, attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after `attempts` (at least 1) failed ones; None: give up.

    Tries are counted, not hours: a worker that stood still for a day must not fail what nobody
    tried.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    return now + BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
