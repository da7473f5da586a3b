"""Makes a job of a selection: the rows ticked, or everything that a list's filter matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.selectors import customers_of
from domains.models import Job, JobKind, JobRow, JobState, RowState
from domains.names import show_address, show_domain
from domains.selectors import aliases_of, filtered_domains, filtered_mailboxes, forwarders_of
from domains.services.open_job import open_job
from portal.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from accounts.actor import Actor
    from accounts.models import Tenant

BATCH = 2000
MAX_SELECTED = 200_000


def select_rows(
    *,
    actor: Actor,
    tenant: Tenant,
    kind: JobKind,
    ids: Collection[int] | None,
    part: str = "",
    state: str = "",
    domain_id: int = 0,
) -> Job:
    """Open a job that waits for a person's word about what was selected just now.

    `ids` None: all that match `part`, `state` and `domain_id`, as the list does. What is not the
    tenant's is left out without a word. Raises InvalidInput when nothing is left, NotAllowed.
    """
    with transaction.atomic():
        job = open_job(actor=actor, tenant=tenant, kind=kind, state=JobState.READY)
        found = _found(tenant, kind, ids, part=part, state=state, domain_id=domain_id)
        total = 0
        rows: list[JobRow] = []
        for target_id, name in found:
            total += 1
            rows.append(
                JobRow(job=job, number=total, name=name, target_id=target_id, state=RowState.READY)
            )
            if len(rows) == BATCH:
                JobRow.objects.bulk_create(rows)
                rows = []
        JobRow.objects.bulk_create(rows)
        if not total:
            raise InvalidInput(_("Nothing is selected. Tick at least one row."))
        job.total = total
        job.save(update_fields=["total"])
    return job


def _found(
    tenant: Tenant, kind: JobKind, ids: Collection[int] | None, **wanted: Any
) -> Iterable[tuple[int, str]]:
    if kind in {JobKind.ALIAS_DELETE, JobKind.FORWARDER_DELETE}:
        source = aliases_of if kind == JobKind.ALIAS_DELETE else forwarders_of
        rows = source(tenant, part=wanted["part"]).prefetch_related(None)
        chosen = rows if ids is None else rows.filter(pk__in=ids)
        return (
            (pk, show_address(email))
            for pk, email in chosen.values_list("pk", "address__email")[:MAX_SELECTED]
        )
    if kind == JobKind.DOMAIN_DELETE:
        domains = filtered_domains(tenant, part=wanted["part"], state=wanted["state"]).filter(
            tenant=tenant  # a job deletes domains of the tenant itself, not of those below
        )
        domains = domains.order_by("name")
        chosen_domains = domains if ids is None else domains.filter(pk__in=ids)
        return ((d.pk, show_domain(d.name)) for d in chosen_domains[:MAX_SELECTED])
    if kind == JobKind.CUSTOMER_PLAN:
        customers = customers_of(tenant, query=wanted["part"], shown=wanted["state"])
        chosen_ones = customers if ids is None else customers.filter(pk__in=ids)
        return chosen_ones.order_by("name", "pk").values_list("pk", "name")[:MAX_SELECTED]
    boxes = filtered_mailboxes(tenant, most=None, **wanted).order_by("address__email")
    chosen_boxes = boxes if ids is None else boxes.filter(pk__in=ids)
    return (
        (pk, show_address(email))
        for pk, email in chosen_boxes.values_list("pk", "address__email")[:MAX_SELECTED]
    )
