"""Plans, and the limits that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max

from accounts.models import (
    Plan,
    Tenant,
)
from accounts.selectors.places import count_of
from portal.errors import NotFound

if TYPE_CHECKING:
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
    """Return the most domains and mailboxes that any tenant on `plan` has. One query."""
    return (
        Tenant.objects.filter(plan=plan)
        .annotate(domain_count=count_of("domains"), mailbox_count=count_of("mailboxes"))
        .aggregate(
            max_domains=Max("domain_count", default=0),
            max_mailboxes=Max("mailbox_count", default=0),
        )
    )


def limits_of(tenant: Tenant) -> Limits:
    """Return the limits of the tenant's own plan, with those of the tenants above as `ceilings`.

    The own values count what `tenant_path` holds; each ceiling counts everything below its own
    `tenant_path`, so a reseller's customers together stay within his contract. One query.
    """
    line = {row.pk: row for row in Tenant.objects.filter(pk__in=tenant.line).select_related("plan")}
    chain = [_limits(line[pk]) for pk in reversed(tenant.line) if pk in line]
    own, above = chain[0], chain[1:]
    ceilings = tuple(
        limits
        for limits in above
        if limits.left_out or any(getattr(limits, field) is not None for field in LIMIT_FIELDS)
    )
    plans = [line[limits.tenant_id].plan for limits in chain]
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
        left_out=frozenset(tenant.plan.left_out) if tenant.plan else frozenset(),
        **values,
    )
