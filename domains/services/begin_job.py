"""Begins, stops and takes back jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.selectors import plan_of
from accounts.services.record_audit import record_audit
from domains.errors import JobNotReady
from domains.models import AT_WORK, OPEN_ROWS, Job, JobKind, JobRow, JobState, RowState
from domains.services.check_quota import check_quota
from domains.services.job_rights import require_for
from domains.services.open_job import TASK, open_job
from domains.services.run_job import end_job
from domains.services.upload_import import hold_job
from portal.nudge import after_commit

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.actor import Actor

# What takes a kind of job back. Deleting for good, links and files of names cannot be.
UNDO = {
    JobKind.IMPORT_MAILBOXES: JobKind.UNDO_IMPORT,
    JobKind.IMPORT_CUSTOMERS: JobKind.UNDO_CUSTOMERS,
    JobKind.CUSTOMER_PLAN: JobKind.CUSTOMER_PLAN,
    JobKind.MAILBOX_QUOTA: JobKind.MAILBOX_QUOTA,
    JobKind.MAILBOX_ALIAS: JobKind.MAILBOX_UNALIAS,
    JobKind.MAILBOX_UNALIAS: JobKind.MAILBOX_ALIAS,
    JobKind.MAILBOX_GROUP: JobKind.MAILBOX_UNGROUP,
    JobKind.MAILBOX_UNGROUP: JobKind.MAILBOX_GROUP,
    JobKind.MAILBOX_SUSPEND: JobKind.MAILBOX_RESUME,
    JobKind.MAILBOX_RESUME: JobKind.MAILBOX_SUSPEND,
    JobKind.MAILBOX_DELETE: JobKind.MAILBOX_RESTORE,
    JobKind.IMPORT_ALIASES: JobKind.ALIAS_DELETE,
    JobKind.IMPORT_FORWARDERS: JobKind.FORWARDER_DELETE,
}
CUSTOMERS_WITHIN = timedelta(days=7)  # as long as their invitations last
BATCH = 2000


class CannotUndo(JobNotReady):
    """There is nothing that would bring back what was."""

    code = "job_cannot_undo"
    default_message = gettext_lazy("This cannot be taken back.")


def begin_job(*, actor: Actor, job: Job, **options: Any) -> Job:
    """Let a job that waits for a person's word run, with what that person chose.

    Raises JobNotReady when nothing is ready or somebody was faster, QuotaRefused, NotAllowed,
    NotFound for a plan that is not the tenant's own.
    """
    require_for(actor, job)
    if "quota_bytes" in options:
        check_quota(job.tenant, options["quota_bytes"])
    if options.get("plan_id") is not None:
        plan_of(job.tenant, options["plan_id"])
    with transaction.atomic():
        held = hold_job(actor, job, (JobState.READY,))
        if not JobRow.objects.filter(job=held, state__in=OPEN_ROWS).exists():
            raise JobNotReady(_("There is no row to work on."))
        held.options = held.options | options
        held.state, held.started_at = JobState.RUNNING, timezone.now()
        # Rows that were wrong or had nothing to do are handled: the bar shows the whole file.
        held.refused = JobRow.objects.filter(job=held, state=RowState.WRONG).count()
        held.handled = JobRow.objects.filter(job=held).exclude(state__in=OPEN_ROWS).count()
        held.attempts, held.is_cancel_asked = 0, False
        # Whoever begins it answers for it, and sees the links.
        held.started_by, held.started_by_name = actor.user, actor.name[:254]
        held.ip, held.request_id = actor.ip or None, actor.request_id
        held.save(
            update_fields=[
                "options",
                "state",
                "started_at",
                "handled",
                "refused",
                "attempts",
                "is_cancel_asked",
                "started_by",
                "started_by_name",
                "ip",
                "request_id",
            ]
        )
        record_audit(
            actor,
            held.tenant,
            action="job.start",
            target=("job", held.pk, str(held)),
            changes={
                "kind": ["", str(JobKind(held.kind).label)],
                "rows": [None, held.total],
            },
        )
        after_commit(TASK, held.pk)
    return held


def cancel_job(*, actor: Actor, job: Job) -> None:
    """Stop it: at once when it waits, after the running batch when it runs. Twice is once.

    What the rows say is done stays done. Raises NotAllowed.
    """
    require_for(actor, job)
    with transaction.atomic():
        if Job.objects.filter(pk=job.pk, state__in=AT_WORK).update(is_cancel_asked=True):
            record_audit(actor, job.tenant, action="job.cancel", target=("job", job.pk, str(job)))
            return
        waiting = Job.objects.select_for_update().filter(
            pk=job.pk, state__in=(JobState.DRAFT, JobState.READY)
        )
        if waiting.first() is not None:
            end_job(job, JobState.CANCELLED, _("It was never started."))


def undo_until(job: Job) -> datetime | None:
    """Return until when the job can be taken back; None: as long as it is remembered."""
    if job.kind != JobKind.IMPORT_CUSTOMERS or job.ended_at is None:
        return None
    return job.ended_at + CUSTOMERS_WITHIN


def may_undo(job: Job) -> bool:
    """Return whether rows of the job that were done, if there are any, can be taken back."""
    if not job.is_over or job.kind not in UNDO or hasattr(job, "undone_by"):
        return False
    if job.kind == JobKind.MAILBOX_DELETE and job.options.get("grace_days") == 0:
        return False
    until = undo_until(job)
    return until is None or until >= timezone.now()


def undo_job(*, actor: Actor, job: Job) -> Job:
    """Start a job that takes back every row that was done.

    Raises CannotUndo, also where none was; NotAllowed.
    """
    kind = UNDO.get(JobKind(job.kind))
    require_for(actor, job)
    if kind is None:
        raise CannotUndo
    with transaction.atomic():
        held = hold_job(actor, job, (JobState.DONE, JobState.CANCELLED, JobState.FAILED))
        if not may_undo(held):
            raise CannotUndo
        options = {k: v for k, v in held.options.items() if k in {"alias_id", "group_id"}}
        undo = open_job(
            actor=actor,
            tenant=held.tenant,
            kind=kind,
            state=JobState.READY,
            title=_("Taken back: %(job)s") % {"job": str(held)},
            options=options,
            undo_of=held,
        )
        done = JobRow.objects.filter(job=held, state=RowState.DONE).order_by("number")
        made = JobRow.objects.bulk_create(
            (
                JobRow(
                    job=undo,
                    number=row.number,
                    name=row.name,
                    target_id=row.target_id,
                    state=RowState.READY,
                    found=_before(row),
                )
                for row in done
            ),
            batch_size=BATCH,
        )
        if not made:
            raise CannotUndo
        undo.total = len(made)
        undo.save(update_fields=["total"])
        return begin_job(actor=actor, job=undo)


def _before(row: JobRow) -> dict[str, Any]:
    if "company" in row.found:
        return {"domains": row.found["domains"]}
    for name in ("refuses_mail", "delete_after"):
        if name in row.before:
            return {name: row.before[name]}
    for name in ("quota_bytes", "plan_id"):
        if name in row.before:
            return {name: row.before[name], "expected": row.before["set_to"]}
    return {}
