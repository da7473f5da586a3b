"""Where a person may act: tenants, their tree, and the roles held in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db import DEFAULT_DB_ALIAS
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    Func,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject

from accounts.errors import NoSuchTenant
from accounts.models import (
    ENDED,
    Membership,
    Plan,
    Tenant,
    TenantKind,
    TenantStatus,
    User,
)
from accounts.roles import Role, covers
from accounts.selectors.invitations import expired_invitations
from portal.fixed import Fixed, concrete_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from accounts.actor import Actor
    from accounts.models import Invitation


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant a person may act in, and why: `via` is the membership's tenant when higher up."""

    tenant: Tenant
    roles: frozenset[Role]
    via: Tenant | None
    domain_ids: frozenset[int] | None = None  # None: every domain


def place_of(user: User, tenant_id: int) -> Place:
    """Return the tenant and the person's roles there. Raises NoSuchTenant. One query."""
    line, found = _line(user, tenant_id)
    held = [one for each in found for one in each]
    if not held or line[-1].status == TenantStatus.PURGED:
        raise NoSuchTenant
    tenant = line[-1]
    if len(line) > 1:
        tenant.parent = line[-2]
    tenant.known_line = line
    tenant.domain_scope = _scope(held)
    return Place(
        domain_ids=tenant.domain_scope,
        tenant=tenant,
        roles=frozenset(Role(one.role) for one in held),
        via=None
        if found[-1]
        else next(above for above, one in zip(line, found, strict=True) if one),
    )


def _line(user: User, tenant_id: int) -> tuple[tuple[Tenant, ...], list[list[_Held]]]:
    """Return the tenants from the highest down to the one named, and what the person holds in each.

    Nothing where he holds nothing in any: it takes as long as for a tenant that does not exist.
    """
    line, found = [], []
    for row in _LINE.rows(user.pk, tenant_id):
        values = iter(row)
        tenant = Tenant.from_db(DEFAULT_DB_ALIAS, _OF_TENANT, list(islice(values, len(_OF_TENANT))))
        plan = list(islice(values, len(_OF_PLAN)))
        tenant.plan = (
            None if tenant.plan_id is None else Plan.from_db(DEFAULT_DB_ALIAS, _OF_PLAN, plan)
        )
        line.append(tenant)
        found.append([_Held(**json.loads(one)) for one in next(values)])
    return tuple(line), found


@dataclass(frozen=True, slots=True)
class _Held:
    """One membership of the person who asks."""

    role: str
    is_scoped: bool
    scope: list[int | None]


def _ids_up_from(tenant_id: int) -> QuerySet[Tenant, Any]:
    """Return the ids of the tenant and of those above it, as its path lists them."""
    up = Func(
        "path",
        template="unnest(string_to_array(rtrim(%(expressions)s, '.'), '.')::bigint[])",
        output_field=BigIntegerField(),
    )
    return Tenant.objects.filter(pk=tenant_id).annotate(up=up).values("up")


def _roles_of(user_id: int) -> QuerySet[Membership, Any]:
    return (
        Membership.objects.filter(user=user_id, tenant=OuterRef("pk"))
        # `scopes` is the relation that the room above declares on Membership
        .annotate(ids=ArrayAgg("scopes__domain_id", default=Value([])))
        .values(one=JSONObject(role="role", is_scoped="is_scoped", scope="ids"))
    )


_OF_TENANT = concrete_names(Tenant)
_OF_PLAN = concrete_names(Plan)
_LINE = Fixed(
    lambda user_id, tenant_id: (
        Tenant.objects.filter(
            Exists(Membership.objects.filter(user=user_id, tenant__in=_ids_up_from(tenant_id)))
        )
        .filter(pk__in=_ids_up_from(tenant_id))
        .annotate(held=ArraySubquery(_roles_of(user_id)))
        .order_by("path")
        .values_list(*_OF_TENANT, *(f"plan__{name}" for name in _OF_PLAN), "held")
    )
)


def _scope(held: Sequence[_Held]) -> frozenset[int] | None:
    """Return the domains the roles are for together; None when they are for all.

    A role for everything widens only what it allows itself, so beside a stronger role for some
    domains both see these domains only.
    """
    narrow = [one for one in held if one.is_scoped]
    wide = [one.role for one in held if not one.is_scoped]
    if covers(wide, [one.role for one in narrow]):
        return None
    ids = (one for each in narrow for one in each.scope)
    return frozenset(one for one in ids if one is not None)


def tenants_of(user: User) -> list[Tenant]:
    """Return the tenants the person holds a role in, highest first."""
    return list(
        Tenant.objects.filter(Exists(Membership.objects.filter(user=user, tenant=OuterRef("pk"))))
        .select_related("plan")
        .order_by("path")
    )


def tenant_below(tenant: Tenant, child_id: int) -> Tenant:
    """Return a tenant below `tenant`. Raises NoSuchTenant."""
    child = (
        Tenant.objects.within(tenant)
        .exclude(pk=tenant.pk)
        .select_related("plan", "parent")
        .filter(pk=child_id)
        .first()
    )
    if child is None:
        raise NoSuchTenant
    return child


def tenants_below(tenant: Tenant) -> QuerySet[Tenant]:
    """Return every tenant below `tenant`."""
    return Tenant.objects.within(tenant).exclude(pk=tenant.pk).select_related("plan", "parent")


def operator_tenant() -> Tenant | None:
    """Return the root of the tree; None before the first operator was made."""
    return Tenant.objects.filter(kind=TenantKind.OPERATOR).first()


def tenant_rows(tenant: Tenant, *, query: str = "", shown: str = "") -> QuerySet[Tenant]:
    """Return the tenants below with `domain_count`, `mailbox_count`; `shown` narrows by kind or state."""
    rows = tenants_below(tenant).annotate(
        domain_count=count_of("max_domains"), mailbox_count=count_of("max_mailboxes")
    )
    if query:
        domain = Tenant.objects.filter(pk=OuterRef("pk"), domains__name__icontains=query)
        rows = rows.filter(Q(name__icontains=query) | Exists(domain))
    if shown == "resellers":
        rows = rows.filter(kind=TenantKind.RESELLER)
    elif shown == "suspended":
        rows = rows.filter(status=TenantStatus.SUSPENDED)
    elif shown == "ended":
        return rows.filter(status__in=ENDED)
    return rows.exclude(status=TenantStatus.PURGED)


def customers_of(tenant: Tenant, *, query: str = "", shown: str = "") -> QuerySet[Tenant]:
    """Return those of `tenant_rows` that `tenant` sells to himself, purged ones left out."""
    rows = tenant_rows(tenant, query=query, shown=shown)
    return rows.filter(parent=tenant).exclude(status=TenantStatus.PURGED)


def counted_tenant(tenant: Tenant, child_id: int) -> Tenant:
    """Return a tenant below `tenant` with its counts. Raises NoSuchTenant, for a purged one too."""
    child = tenant_rows(tenant).filter(pk=child_id).first()
    if child is None:
        raise NoSuchTenant
    return child


def count_of(limit: str) -> Case:
    """Return how many a tenant has of what the field `limit` of plans limits.

    A reseller has what is below him, as his plan counts it. `room_usage` are the counters that the
    room above keeps and declares on Tenant.
    """
    counted = Tenant.objects.filter(room_usage__room=limit).order_by()
    return Case(
        When(kind=TenantKind.COMPANY, then=_used(counted.filter(pk=OuterRef("pk")))),
        default=_used(
            counted.filter(
                _by_pattern("~>=~", OuterRef("path")),
                _by_pattern("~<~", Concat(OuterRef("path"), Value(":"))),  # past every digit
            )
        ),
    )


def _by_pattern(operator: str, bound: OuterRef | Concat) -> Func:
    """Compare the path as its index is sorted: LIKE finds it only by a pattern known beforehand."""
    return Func(
        F("path"),
        bound,
        template="(%(expressions)s)",
        arg_joiner=f" {operator} ",
        output_field=BooleanField(),
    )


def _used(counted: QuerySet[Tenant]) -> Coalesce:
    used = Cast(Sum("room_usage__used"), BigIntegerField())
    return Coalesce(Subquery(counted.values("room_usage__room").annotate(n=used).values("n")), 0)


def tenant_counts(tenant: Tenant) -> dict[str, int]:
    """Return how many tenants are below: `all`, `resellers`, `suspended`, `ended`. One query.

    Purged ones count only as ended. `plans` is how many `tenant` sells, `expired` how many
    invitations into its own roles went by unused.
    """
    below = ~Q(pk=tenant.pk)
    here = below & ~Q(status=TenantStatus.PURGED)
    return Tenant.objects.within(tenant).aggregate(
        all=Count("pk", filter=here),
        resellers=Count("pk", filter=here & Q(kind=TenantKind.RESELLER)),
        suspended=Count("pk", filter=below & Q(status=TenantStatus.SUSPENDED)),
        ended=Count("pk", filter=below & Q(status__in=ENDED)),
        plans=Max(_number(Plan.objects.filter(tenant=tenant))),
        expired=Max(_number(expired_invitations(tenant))),
    )


def _number(rows: QuerySet[Plan] | QuerySet[Invitation]) -> Coalesce:
    """Return how many rows there are, all of one tenant, as part of another query."""
    counted = rows.order_by().values("tenant").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0)


def tenant_by_name(actor: Actor, name: str) -> Tenant | None:
    """Return the one tenant of this name that the actor's roles reach; None: none, or several."""
    wanted = " ".join(name.replace("\0", "").split())[:200]
    rows = Tenant.objects.filter(path__startswith=actor.reach, name__iexact=wanted)
    found = list(rows.exclude(status__in=ENDED).select_related("plan", "parent")[:2])
    return found[0] if len(found) == 1 else None


def tenant_names(ids: Iterable[int]) -> dict[int, str]:
    """Return the names of tenants by id."""
    return dict(Tenant.objects.filter(pk__in=set(ids)).values_list("pk", "name"))
