"""What tests of imports share: upload a table, have it checked, carry it out, all in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domains.models import Job, JobKind, JobRow
from domains.services.begin_job import begin_job
from domains.services.run_job import run_job
from domains.services.upload_import import upload_import

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant

SSHA = "{SSHA}vtbt1M5Dl4eRkgSr26vdQ/9dfMUDeblO"  # of "cầu rồng 9"


def uploaded(
    actor: Actor,
    tenant: Tenant,
    table: str | bytes,
    *,
    kind: JobKind = JobKind.IMPORT_MAILBOXES,
    name: str = "people.csv",
) -> Job:
    """Upload a table and have it checked."""
    content = table if isinstance(table, bytes) else table.encode()
    job = upload_import(actor=actor, tenant=tenant, kind=kind, file_name=name, content=content)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    return job


def imported(actor: Actor, job: Job, *, batch: int = 500, **options: Any) -> Job:
    """Begin the job and carry it out to its end."""
    begin_job(actor=actor, job=job, **options)
    run_job(job_id=job.pk, batch=batch)
    return Job.objects.get(pk=job.pk)


def states(job: Job) -> dict[int, str]:
    """Return the state of each row by its line."""
    return dict(JobRow.objects.filter(job=job).values_list("number", "state"))


def said(job: Job, line: int) -> str:
    """Return what was said about a line."""
    return str(JobRow.objects.get(job=job, number=line).message)
