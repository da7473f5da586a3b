"""Notes in the audit log that somebody fetched the links a job made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.services.record_audit import record_audit

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Job


def note_links(*, actor: Actor, job: Job) -> None:
    """Write the row; for the moment when links are really handed over."""
    with transaction.atomic():
        record_audit(actor, job.tenant, action="job.links", target=("job", job.pk, str(job)))
