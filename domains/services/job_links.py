"""The links a job makes: their tokens are never stored, only found again by who started the job."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import Invitation
from accounts.services.invite_person import hash_of, link_url
from domains.models import JobKind
from domains.services.job_rights import NEEDS
from portal.sealing import derived

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from domains.models import Job, JobRow

PURPOSE = "links of jobs"
WITH_LINKS = (JobKind.IMPORT_MAILBOXES, JobKind.IMPORT_CUSTOMERS, JobKind.MAILBOX_PASSWORD)


def link_token(job: Job, row: JobRow) -> str:
    """Return the token of the row's link: 256 bits from the job's secret and the installation's key."""
    made = derived(bytes(job.secret) + row.pk.to_bytes(8, "big"), purpose=PURPOSE)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def may_have_links(actor: Actor, job: Job) -> bool:
    """Return whether the actor started the job and still has the right that it needed."""
    own = actor.user is not None and actor.user.pk == job.started_by_id
    return own and job.kind in WITH_LINKS and actor.may(NEEDS[job.kind])


def links_of(actor: Actor, job: Job, rows: Sequence[JobRow]) -> dict[int, str]:
    """Return the links that still work, by row id, where `may_have_links`; else none. One query."""
    if not may_have_links(actor, job) or not job.secret:
        return {}
    tokens = {hash_of(token): (row.pk, token) for row in rows if (token := link_token(job, row))}
    alive = Invitation.objects.filter(
        token_sha256__in=tokens, accepted_at=None, expires_at__gt=timezone.now()
    ).values_list("token_sha256", flat=True)
    return {tokens[known][0]: link_url(tokens[known][1]) for known in alive}
