"""Notes in the audit log that somebody fetched the links a job made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.services.record_audit import record_audit

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Job


def note_links(*, actor: Actor, job: Job) -> None:
    """Write the row when the actor is who started the job: only he gets links in the file."""
    if actor.user is None or actor.user.pk != job.started_by_id:
        return
    with transaction.atomic():
        record_audit(actor, job.tenant, action="job.links", target=("job", job.pk, str(job)))
