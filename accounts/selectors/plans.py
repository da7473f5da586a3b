"""Plans, and the limits that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Case, Count, Func, Max, Subquery, When

from accounts.models import (
    Plan,
    Tenant,
)
from accounts.selectors.places import count_of
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Limits:
    """One plan's limits for everything in `tenant_path`; None: no limit."""

    tenant_id: int
    tenant_path: str
    tenant_name: str
    max_domains: int | None
    max_mailboxes: int | None
    max_aliases: int | None
    max_forwarders: int | None
    max_lists: int | None
    storage_bytes: int | None
    max_mailbox_bytes: int | None
    max_sent_per_hour: int | None
    max_sent_per_day: int | None
    used: int | None = None  # where it was asked for
    left_out: frozenset[str] = frozenset()  # features that are no part of the plan
    is_trusted: bool = False  # its own plan and every plan above trust it with forwarding outside
    ceilings: tuple[Limits, ...] = ()  # plans of the tenants above, nearest first


LIMIT_FIELDS = (
    "max_domains",
    "max_mailboxes",
    "max_aliases",
    "max_forwarders",
    "max_lists",
    "storage_bytes",
    "max_mailbox_bytes",
    "max_sent_per_hour",
    "max_sent_per_day",
)


def plans_of(tenant: Tenant) -> QuerySet[Plan]:
    """Return the plans that `tenant` sells, each with `tenant_count`."""
    return (
        Plan.objects.filter(tenant=tenant)
        .annotate(tenant_count=Count("tenants"))
        .order_by("name", "pk")
    )


def plan_of(tenant: Tenant, plan_id: int) -> Plan:
    """Return one of the tenant's own plans. Raises NotFound."""
    plan = plans_of(tenant).filter(pk=plan_id).first()
    if plan is None:
        raise NotFound
    return plan


def plan_usage(plan: Plan) -> dict[str, int]:
    """Return the most domains and mailboxes that any tenant on `plan` has, as it counts. One query."""
    return (
        Tenant.objects.filter(plan=plan)
        .annotate(domain_count=count_of("max_domains"), mailbox_count=count_of("max_mailboxes"))
        .aggregate(
            max_domains=Max("domain_count", default=0),
            max_mailboxes=Max("mailbox_count", default=0),
        )
    )


def limits_of(tenant: Tenant) -> Limits:
    """Return the limits of the tenant's own plan, with those of the tenants above as `ceilings`.

    The own values count what `tenant_path` holds; each ceiling counts everything below its own
    `tenant_path`, so a reseller's customers together stay within his contract. One query, none
    where the tenant is a place: then they are those of the moment the page was asked for.
    """
    return read_limits(tenant) if tenant.known_line is None else _chained(tenant.known_line)


def read_limits(
    tenant: Tenant, *, field: str = "", below: Callable[[str], QuerySet[Any]] | None = None
) -> Limits:
    """Return the limits as they are now. One query.

    With `below`, whoever's plan limits `field` has `used`: the sum of `used` over what `below` of his
    path gives.
    """
    rows = Tenant.objects.filter(pk__in=tenant.line).select_related("plan").order_by("path")
    if below is not None:
        counted = [
            When(pk=pk, **{f"plan__{field}__isnull": False}, then=_number(below(path)))
            for pk, path in zip(tenant.line, _paths_to(tenant), strict=True)
        ]
        rows = rows.annotate(used=Case(*counted, default=None, output_field=BigIntegerField()))
    return _chained(list(rows))


def _paths_to(tenant: Tenant) -> list[str]:
    """Return the paths from the root down to the tenant's own."""
    return list(accumulate(f"{pk}." for pk in tenant.line))


def _number(rows: QuerySet[Any]) -> Subquery:
    return Subquery(
        rows.order_by()
        .annotate(n=Func(template="coalesce(sum(used), 0)", output_field=BigIntegerField()))
        .values("n")
    )


def _chained(line: Sequence[Tenant]) -> Limits:
    """Return the limits of the last of `line`, root first."""
    own, *above = (_limits(tenant) for tenant in reversed(line))
    ceilings = tuple(
        limits
        for limits in above
        if limits.left_out or any(getattr(limits, field) is not None for field in LIMIT_FIELDS)
    )
    plans = [tenant.plan for tenant in reversed(line)]
    is_trusted = plans[0] is not None and all(p.trusts_forwarding for p in plans if p is not None)
    return replace(own, ceilings=ceilings, is_trusted=is_trusted)


def _limits(tenant: Tenant) -> Limits:
    values: dict[str, Any] = {
        field: getattr(tenant.plan, field) if tenant.plan else None for field in LIMIT_FIELDS
    }
    return Limits(
        tenant_id=tenant.pk,
        tenant_path=tenant.path,
        tenant_name=tenant.name,
        used=getattr(tenant, "used", None),
        left_out=frozenset(tenant.plan.left_out) if tenant.plan else frozenset(),
        **values,
    )
