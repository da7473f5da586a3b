"""How the use of a tenant grew."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from domains.models import UsageSample

if TYPE_CHECKING:
    from accounts.models import Tenant

SHOWN = timedelta(days=90)


def usage_over_time(tenant: Tenant) -> list[UsageSample]:
    """Return one row a day of the last months, oldest first, of the tenant and all below. One query."""
    since = timezone.now().date() - SHOWN
    return list(UsageSample.objects.filter(tenant=tenant, taken_on__gte=since).order_by("taken_on"))
