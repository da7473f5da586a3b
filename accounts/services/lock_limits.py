"""Holds a tenant's limits still, so that two creates at one moment cannot both take the last place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accounts.models import Tenant
from accounts.selectors import Limits, read_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet


def lock_limits(
    tenant: Tenant, *, field: str = "", below: Callable[[str], QuerySet[Any]] | None = None
) -> Limits:
    """Lock the tenant and those above it, and return the limits as they are then.

    Must run inside the transaction that counts and inserts. Rows are locked from the root down,
    so two callers never wait for each other in a circle. `below` counts, as for `read_limits`, what
    is there once the lock is ours. Two queries.
    """
    line = Tenant.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=tenant.line)
    list(line.order_by("path").values_list("pk"))
    return read_limits(tenant, field=field, below=below)
