"""Background work of the outbox: each task may be repeated, lost or run many times at once."""

from __future__ import annotations

from time import monotonic

from celery import shared_task

from delivery.services.claim import claim
from delivery.services.deliver import deliver as hand_over_claimed
from delivery.services.purge import purge as purge_outbox
from delivery.services.sweep import sweep as sweep_outbox

DRAIN_SECONDS = 5  # then the task ends: the sweeper gets its turn, a worker can stop softly


@shared_task(name="delivery.deliver", ignore_result=True, acks_late=True)
def deliver() -> None:
    """Hand over what is due, tenant by tenant, until nothing is.

    A nudge names no row: whoever wakes up takes the next one in fairness.
    """
    end = monotonic() + DRAIN_SECONDS
    while monotonic() < end and (claimed := claim()) is not None:
        hand_over_claimed(claimed)


@shared_task(name="delivery.sweep", ignore_result=True, acks_late=True, expires=5)
def sweep() -> None:
    """Find what a lost nudge or a dead worker left behind."""
    sweep_outbox()


@shared_task(name="delivery.purge", ignore_result=True, acks_late=True, expires=3600)
def purge() -> None:
    """Forget old messages and rows."""
    purge_outbox()
