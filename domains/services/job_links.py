"""The links a job makes: their tokens are never stored, only found again by who started the job."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import Invitation
from accounts.services.invite_person import hash_of, link_url
from domains.models import JobKind, Mailbox
from domains.selectors import owners_beyond
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


def has_links(actor: Actor, job: Job) -> bool:
    """Return whether the job made links, and the actor `may_have_links`."""
    made = job.kind != JobKind.IMPORT_MAILBOXES or job.options.get("has_links", False)
    return made and may_have_links(actor, job)


def links_of(actor: Actor, job: Job, rows: Sequence[JobRow]) -> dict[int, str]:
    """Return the links that still work, by row id, where `may_have_links`; else none. One query.

    Two more for a role for some domains only: a domain may have been taken from it meanwhile.
    """
    if not may_have_links(actor, job) or not job.secret:
        return {}
    covered = rows if actor.domain_ids is None else _covered(rows, actor.domain_ids)
    tokens = {hash_of(token): (row.pk, token) for row in covered if (token := link_token(job, row))}
    alive = Invitation.objects.filter(
        token_sha256__in=tokens, accepted_at=None, expires_at__gt=timezone.now()
    ).values_list("token_sha256", flat=True)
    return {tokens[known][0]: link_url(tokens[known][1]) for known in alive}


def _covered(rows: Sequence[JobRow], domain_ids: frozenset[int]) -> list[JobRow]:
    """Return the rows whose person has a mailbox in these domains, and none elsewhere."""
    ids = [row.target_id for row in rows if row.target_id]
    inside = Mailbox.objects.filter(pk__in=ids, address__domain__in=domain_ids)
    owners = dict(inside.values_list("pk", "owner_id"))
    beyond = owners_beyond(domain_ids, [owner for owner in owners.values() if owner])
    return [row for row in rows if owners.get(row.target_id or 0) not in beyond | {None}]
