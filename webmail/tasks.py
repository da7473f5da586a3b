"""Background work of the webmail: copies in Sent, uploads nobody sent."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="webmail.follow_sent_copies", ignore_result=True, acks_late=True)
def follow_sent_copies() -> None:
    """Do what is still to be done in senders' mailboxes."""


@shared_task(name="webmail.purge_uploads", ignore_result=True, acks_late=True)
def purge_uploads() -> None:
    """Remove files of composers that were left."""
