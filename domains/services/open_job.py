"""Opens a job for a tenant; what its rows are is the caller's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from django.utils import translation

from domains.models import Job, JobKind, JobState
from domains.services.job_rights import require_kind

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant

TASK = "domains.run_job"


def open_job(
    *,
    actor: Actor,
    tenant: Tenant,
    kind: JobKind,
    state: JobState,
    title: str = "",
    options: dict[str, Any] | None = None,
    undo_of: Job | None = None,
) -> Job:
    """Insert the job in the caller's transaction. Raises NotAllowed."""
    require_kind(actor, kind, tenant)
    return Job.objects.create(
        tenant=tenant,
        kind=kind,
        state=state,
        title=title[:200],
        options=(options or {}) | ({"by_system": True} if actor.is_system else {}),
        undo_of=undo_of,
        started_by=actor.user,
        started_by_name=actor.name[:254],
        ip=actor.ip or None,
        request_id=actor.request_id,
        language=(translation.get_language() or "en")[:5],
        secret=os.urandom(32),
    )
