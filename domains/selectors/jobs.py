"""Jobs of a tenant and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count

from domains.dns.records import OWNERSHIP_LABEL, ownership_value
from domains.models import Domain, Job, JobRow, JobState, RowState
from domains.names import show_domain
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from accounts.models import Tenant, User

# What a list of rows shows: chips of the pages.
ROW_FILTERS = {
    "wrong": (RowState.WRONG, RowState.REFUSED),
    "notes": (RowState.WARNING,),
    "ready": (RowState.READY, RowState.WARNING),
    "done": (RowState.DONE,),
    "skipped": (RowState.SKIPPED,),
}
JOB_FILTERS = {
    "open": (JobState.DRAFT, JobState.READY, JobState.CHECKING, JobState.RUNNING),
    "failed": (JobState.FAILED, JobState.CANCELLED),
}


def _seen(tenant: Tenant, person: User | None) -> QuerySet[Job]:
    """Return the tenant's jobs; for a person who sees only some domains those he started himself."""
    jobs = Job.objects.filter(tenant=tenant)
    return jobs if tenant.domain_scope is None else jobs.filter(started_by=person)


def jobs_of(tenant: Tenant, person: User | None, *, shown: str = "") -> QuerySet[Job]:
    """Return the tenant's jobs that `person` sees, newest first; `shown` of JOB_FILTERS narrows."""
    rows = _seen(tenant, person).select_related("undone_by", "tenant")
    if shown in JOB_FILTERS:
        rows = rows.filter(state__in=JOB_FILTERS[shown])
    return rows.order_by("-created_at", "-pk")


def job_of(tenant: Tenant, person: User | None, job_id: int) -> Job:
    """Return a job of `tenant` that `person` sees. Raises NotFound."""
    found = (
        _seen(tenant, person)
        .filter(pk=job_id)
        .select_related("undone_by", "undo_of", "started_by")
        .first()
    )
    if found is None:
        raise NotFound
    found.tenant = tenant  # as `person` sees it: with his domains only
    return found


def job_rows(job: Job, *, shown: str = "") -> QuerySet[JobRow]:
    """Return the job's rows in their order; `shown` of ROW_FILTERS narrows."""
    rows = JobRow.objects.filter(job=job).order_by("number")
    if shown in ROW_FILTERS:
        rows = rows.filter(state__in=ROW_FILTERS[shown])
    return rows


def row_counts(job: Job) -> dict[str, int]:
    """Return how many rows each of ROW_FILTERS shows, and `all`. One query."""
    states = dict(
        JobRow.objects.filter(job=job)
        .order_by()
        .values("state")
        .annotate(n=Count("pk"))
        .values_list("state", "n")
    )
    counts = {
        name: sum(states.get(state, 0) for state in wanted) for name, wanted in ROW_FILTERS.items()
    }
    return counts | {"all": sum(states.values())}


def ownership_records(job: Job, rows: Sequence[JobRow]) -> dict[int | None, list[tuple[str, ...]]]:
    """Return domain, name and value of the TXT records to publish, by the customers rows opened.

    One query. Domains that moved out of the seller's reach since are left out.
    """
    wanted = {name for row in rows if row.target_id for name in row.found.get("domains", ())}
    domains = Domain.objects.filter(
        name__in=wanted,
        tenant__in=[row.target_id for row in rows if row.target_id],
        tenant__parent=job.tenant,
    )
    found: dict[int | None, list[tuple[str, ...]]] = {}
    for domain in domains.order_by("pk"):
        found.setdefault(domain.tenant_id, []).append(
            (
                show_domain(domain.name),
                f"{OWNERSHIP_LABEL}.{domain.name}",
                ownership_value(domain.ownership_token),
            )
        )
    return found
