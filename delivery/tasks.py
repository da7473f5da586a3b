"""Background work of the outbox: each task takes an id, calls one service and may be repeated."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="delivery.deliver", ignore_result=True, acks_late=True)
def deliver() -> None:
    """Hand over what is due."""


@shared_task(name="delivery.sweep", ignore_result=True, acks_late=True)
def sweep() -> None:
    """Find what a lost nudge or a dead worker left behind."""
