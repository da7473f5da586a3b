"""The audit trail, filtered."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from accounts.models import (
    AuditEvent,
    Tenant,
)

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet


def audit_rows(
    tenant: Tenant,
    *,
    query: str = "",
    action: str = "",
    since: date | None = None,
    until: date | None = None,
    below: bool = False,
) -> QuerySet[AuditEvent]:
    """Return what happened in `tenant`, and below it when asked, newest first.

    Days begin and end in the zone that is active.
    """
    rows = AuditEvent.objects.order_by("-at", "-pk")
    if below:
        # As a list of values the planner knows whether these are nearly all rows or nearly none.
        ids = list(Tenant.objects.within(tenant).values_list("pk", flat=True))
        rows = rows.filter(tenant_id__in=ids)
    else:
        rows = rows.filter(tenant_id=tenant.pk)
    if query:
        rows = rows.filter(Q(actor_name__icontains=query) | Q(target_name__icontains=query))
    if action:
        rows = rows.filter(action=action)
    zone = timezone.get_current_timezone()
    if since:
        rows = rows.filter(at__gte=datetime.combine(since, time.min, zone))
    if until:
        rows = rows.filter(at__lt=datetime.combine(until + timedelta(days=1), time.min, zone))
    return rows


def recent_changes(tenant: Tenant, number: int) -> list[AuditEvent]:
    """Return the last changes in `tenant`, without sign-ins."""
    rows = AuditEvent.objects.filter(tenant_id=tenant.pk).exclude(action="session.start")
    return list(rows.order_by("-at", "-pk")[:number])
