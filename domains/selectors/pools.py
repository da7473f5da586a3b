"""What a plan gives and what is in use: pools of storage, numbers, and by how much they are passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, DecimalField, Func, Max, Q, Subquery, Sum

from accounts.models import Tenant, TenantStatus
from domains.models import STORAGE, DomainUsage, RoomUsage

if TYPE_CHECKING:
    from domains.models import Domain

ENDED = (TenantStatus.TERMINATED, TenantStatus.PURGED)


@dataclass(frozen=True, slots=True)
class Sold:
    """Storage that a seller promised below, beside what is really used. None: without a limit."""

    promised_bytes: int
    unlimited: int  # tenants whose plan promises no end
    used_bytes: int
    contract_bytes: int | None

    @property
    def oversold_bytes(self) -> int:
        """How much more was promised than the seller has; 0: nothing."""
        if self.contract_bytes is None:
            return 0
        return max(0, self.promised_bytes - self.contract_bytes)


def used_in(tenant: Tenant) -> int:
    """Return the bytes in real use by the tenant itself. One query."""
    parts = RoomUsage.objects.filter(tenant=tenant, room=STORAGE)
    found = parts.aggregate(n=Sum("used", default=0))
    return int(found["n"])


def used_by(domain: Domain) -> int:
    """Return the bytes in real use by one domain."""
    found = DomainUsage.objects.filter(domain=domain).values_list("bytes", flat=True).first()
    return found or 0


def sold_by(seller: Tenant) -> Sold:
    """Return what the tenants directly below were promised and everybody below uses. One query."""
    below = Q(parent=seller) & ~Q(status__in=ENDED)
    used = (
        RoomUsage.objects.filter(room=STORAGE, tenant__path__startswith=seller.path)
        .annotate(n=Func("used", function="SUM", output_field=DecimalField()))
        .values("n")
    )
    sold = Tenant.objects.filter(below | Q(pk=seller.pk)).aggregate(
        promised=Sum("plan__storage_bytes", filter=below, default=0),
        unlimited=Count("pk", filter=below & (Q(plan=None) | Q(plan__storage_bytes=None))),
        used=Max(Subquery(used)),
    )
    return Sold(
        promised_bytes=int(sold["promised"]),
        unlimited=sold["unlimited"],
        used_bytes=int(sold["used"] or 0),
        contract_bytes=seller.plan.storage_bytes if seller.plan else None,
    )
