"""Background work of the webmail: what follows sent letters, uploads nobody sent."""

from __future__ import annotations

from time import monotonic

from celery import shared_task

from webmail.services.follow_sent_copy import claim_sent_copy, follow_sent_copy
from webmail.services.remove_upload import purge_uploads as purge_old_uploads

DRAIN_SECONDS = 30


@shared_task(name="webmail.follow_sent_copies", ignore_result=True, acks_late=True, expires=10)
def follow_sent_copies() -> None:
    """Do what is to be done in senders' mailboxes, letter by letter."""
    end = monotonic() + DRAIN_SECONDS
    while monotonic() < end and (row := claim_sent_copy()) is not None:
        follow_sent_copy(row)


@shared_task(name="webmail.purge_uploads", ignore_result=True, acks_late=True, expires=3600)
def purge_uploads() -> None:
    """Remove files of composers that were left."""
    purge_old_uploads()
