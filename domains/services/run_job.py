"""Carries a job out: one worker at a time, batch by batch, so that a killed worker's work goes on.

Each batch is one transaction that changes the rows of the world and marks the job's own rows, so
nothing is ever done twice and nothing is half done. «All or nothing» is one transaction for all
batches. The job belongs to the worker that holds an advisory lock on its database session: the lock
and the session die together, so a dead worker's job is free at once.
"""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Tenant, TenantStatus
from accounts.services.lock_limits import lock_limits
from accounts.services.record_audit import record_audit
from domains.errors import JobEnded, JobStopped
from domains.models import (
    AT_WORK,
    OPEN_ROWS,
    Job,
    JobFile,
    JobKind,
    JobRow,
    JobState,
    RowState,
)
from domains.services.carry_changes import carry_changes
from domains.services.carry_customers import carry_customers
from domains.services.carry_deletes import carry_deletes
from domains.services.carry_import import carry_mailboxes
from domains.services.carry_plans import carry_plans
from domains.services.carry_targets import carry_targets
from domains.services.carry_undo_customers import carry_undo_customers
from domains.services.check_import import check_import, refuse_stopped
from domains.services.job_rights import actor_of
from domains.services.known_figures import TASK as FIGURES
from domains.services.open_job import TASK
from portal.errors import PortalError
from portal.nudge import after_commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


logger = logging.getLogger(__name__)

BATCH = 500
# of rows that cost much, under the same locks
SMALL_BATCHES = {
    JobKind.IMPORT_CUSTOMERS: 20,
    JobKind.UNDO_CUSTOMERS: 20,
    JobKind.CUSTOMER_PLAN: 20,
}
MAX_ATTEMPTS = 5
PROGRESS_SECONDS = 600
_LOCK_CLASS = 0x6A6F62  # advisory: "job", with the job's id

_CARRIERS = {
    JobKind.IMPORT_MAILBOXES: carry_mailboxes,
    JobKind.IMPORT_ALIASES: carry_targets,
    JobKind.IMPORT_FORWARDERS: carry_targets,
    JobKind.IMPORT_CUSTOMERS: carry_customers,
    JobKind.UNDO_CUSTOMERS: carry_undo_customers,
    JobKind.CUSTOMER_PLAN: carry_plans,
    JobKind.ALIAS_DELETE: carry_deletes,
    JobKind.FORWARDER_DELETE: carry_deletes,
    JobKind.DOMAIN_DELETE: carry_deletes,
}


def run_job(*, job_id: int, batch: int = BATCH) -> None:
    """Check or carry out the job. Calling it again, or for a job that is over, is harmless."""
    with _alone(job_id) as mine:
        if mine and (job := _take(job_id)) is not None:
            with translation.override(job.language or "en"):
                _work(job, batch)


def sweep_jobs() -> int:
    """Wake a worker for every job that nobody works on; return how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = %s::oid AND objsubid = 2"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [_LOCK_CLASS],
        )
        busy = {lock for (lock,) in cursor.fetchall()}
    rows = Job.objects.filter(state__in=AT_WORK).order_by("pk").values_list("pk", flat=True)
    waiting = [job_id for job_id in rows if job_id % 2**31 not in busy]
    for job_id in waiting:
        after_commit(TASK, job_id)
    return len(waiting)


def progress_of(job: Job) -> int:
    """Return how many rows were handled, also inside the one transaction of all or nothing."""
    return max(job.handled, int(cache.get(_key(job.pk), 0) or 0)) if job.is_at_work else job.handled


def end_job(job: Job, state: JobState, message: str = "") -> None:
    """Write how the job ended, inside the caller's transaction, and forget file and hashes.

    What pages remember of a large tenant is counted anew: they would show the figures of before.
    """
    Job.objects.filter(pk=job.pk).update(state=state, message=message, ended_at=timezone.now())
    JobFile.objects.filter(job=job).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE domains_jobrow SET "values" = "values" - %s, found = found - %s'
            " WHERE job_id = %s AND found ? %s",
            ["password", "password", job.pk, "password"],
        )
    cache.delete(_key(job.pk))
    after_commit(FIGURES, job.tenant_id, 0)


def _key(job_id: int) -> str:
    return f"domains:job:{job_id}"


@contextmanager
def _alone(job_id: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_CLASS, job_id % 2**31])
        mine = bool((cursor.fetchone() or [False])[0])
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, job_id % 2**31])


def _take(job_id: int) -> Job | None:
    taken = Job.objects.filter(pk=job_id, state__in=AT_WORK)
    if not taken.update(attempts=F("attempts") + 1):
        return None
    return (
        Job.objects.select_related("tenant", "started_by", "started_by__tenant")
        .filter(pk=job_id)
        .first()
    )


def _work(job: Job, batch: int) -> None:
    batch = min(batch, SMALL_BATCHES.get(JobKind(job.kind), batch))
    try:
        if job.attempts > MAX_ATTEMPTS:
            raise JobEnded(
                _("It broke off %(n)d times. What the rows below say is done is done.")
                % {"n": MAX_ATTEMPTS}
            )
        if job.state == JobState.CHECKING:
            _check_tenant(job)
            actor_of(job)
            check_import(job)
        elif job.options.get("whole"):
            _all_or_nothing(job, batch)
        else:
            _batch_by_batch(job, batch)
    except JobStopped:
        _end(job, JobState.CANCELLED, _("It was stopped."))
    except PortalError as exc:
        logger.info("job ended", extra={"job": job.pk, "code": exc.code, "detail": exc.detail})
        _end(job, JobState.FAILED, str(exc.message))


def _batch_by_batch(job: Job, batch: int) -> None:
    while True:
        with transaction.atomic():
            actor = _allowed(job)
            rows = _next_rows(job, batch)
            if not rows:
                _finish(actor, job)
                return
            _carry(actor, job, rows)
            _count(job, len(rows), sum(row.state == RowState.REFUSED for row in rows))


def _all_or_nothing(job: Job, batch: int) -> None:
    with transaction.atomic():
        actor = _allowed(job)
        wrong = JobRow.objects.filter(job=job, state=RowState.WRONG).count()
        if wrong:
            raise JobEnded(_("Some rows cannot be imported, so nothing was."))
        handled = 0
        while rows := _next_rows(job, batch):
            _carry(actor, job, rows)
            refused = next((row for row in rows if row.state == RowState.REFUSED), None)
            if refused is not None:
                raise JobEnded(
                    _("Nothing was imported, because of line %(n)d, %(name)s: %(reason)s")
                    % {"n": refused.number, "name": refused.name, "reason": refused.message}
                )
            handled += len(rows)
            cache.set(_key(job.pk), job.handled + handled, PROGRESS_SECONDS)
            _allowed(job)
        # The job's own row is written last: whoever asks to stop must not wait for the end.
        _count(job, handled, 0)
        _finish(actor, job)


def _allowed(job: Job) -> Actor:
    """Return the actor for the next batch, with the tenant locked so that nobody suspends it meanwhile."""
    refuse_stopped(job)
    lock_limits(job.tenant)
    _check_tenant(job)
    return actor_of(job)


def _check_tenant(job: Job) -> None:
    line = Tenant.objects.filter(pk__in=job.tenant.line).values_list("status", flat=True)
    if any(status != TenantStatus.ACTIVE for status in line):
        raise JobEnded(
            _(
                "The organisation was suspended or closed, so it ended here. What the rows below "
                "say is done stays done."
            )
        )


def _next_rows(job: Job, batch: int) -> list[JobRow]:
    return list(
        JobRow.objects.filter(job=job, state__in=OPEN_ROWS).order_by("number", "pk")[:batch]
    )


def _carry(actor: Actor, job: Job, rows: Sequence[JobRow]) -> None:
    _CARRIERS.get(JobKind(job.kind), carry_changes)(actor, job, rows)
    _write(rows)


def _count(job: Job, handled: int, refused: int) -> None:
    Job.objects.filter(pk=job.pk).update(
        handled=F("handled") + handled, refused=F("refused") + refused
    )


def _write(rows: Sequence[JobRow]) -> None:
    """Write what became of the rows. One query, whatever their number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE domains_jobrow r SET state = v.state, message = v.message,"
            " target_id = v.target_id, before = v.before::jsonb"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[])"
            " AS v (id, state, message, target_id, before) WHERE r.id = v.id",
            [
                [row.pk for row in rows],
                [str(row.state) for row in rows],
                [str(row.message) for row in rows],
                [row.target_id for row in rows],
                [json.dumps(row.before) for row in rows],
            ],
        )


def _finish(actor: Actor, job: Job) -> None:
    fresh = Job.objects.get(pk=job.pk)
    end_job(job, JobState.DONE)
    record_audit(
        actor,
        job.tenant,
        action="job.done",
        target=("job", job.pk, str(job)),
        changes={
            "kind": ["", str(JobKind(job.kind).label)],
            "rows": [None, fresh.succeeded],
            "refused": [None, fresh.refused],
        },
    )


def _end(job: Job, state: JobState, message: str) -> None:
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk, state__in=AT_WORK).exists():
            return
        end_job(job, state, message)
        record_audit(
            Actor(
                user=job.started_by, tenant=job.tenant, ip=job.ip or "", request_id=job.request_id
            ),
            job.tenant,
            action="job.stop",
            target=("job", job.pk, str(job)),
            changes={"kind": ["", str(JobKind(job.kind).label)], "reason": ["", message]},
        )
