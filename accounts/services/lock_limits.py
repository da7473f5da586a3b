"""Holds a tenant's limits still, so that two creates at one moment cannot both take the last place."""

from __future__ import annotations

from accounts.models import Tenant
from accounts.selectors import Limits, limits_of


def lock_limits(tenant: Tenant) -> Limits:
    """Lock the tenant and those above it, and return the limits as they are then.

    Must run inside the transaction that counts and inserts. Rows are locked from the root down,
    so two callers never wait for each other in a circle.
    """
    line = Tenant.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=tenant.line)
    list(line.order_by("path").values_list("pk"))
    return limits_of(tenant)
