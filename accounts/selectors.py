"""Reads rows of accounts; each function finds and authorises in one call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.errors import InvitationOver, NoSuchTenant
from accounts.models import (
    AuditEvent,
    Invitation,
    Membership,
    Plan,
    Tenant,
    TenantKind,
    TenantStatus,
    User,
)
from accounts.policy import stands_over
from accounts.roles import Role
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from django.db.models import QuerySet

    from accounts.actor import Actor


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant a person may act in, and why: `via` is the membership's tenant when higher up."""

    tenant: Tenant
    roles: frozenset[Role]
    via: Tenant | None


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


# ---- where a person may act


def place_of(user: User, tenant_id: int) -> Place:
    """Return the tenant and the person's roles there. Raises NoSuchTenant. Two queries."""
    tenant = Tenant.objects.select_related("plan", "parent").filter(pk=tenant_id).first()
    if tenant is None:
        raise NoSuchTenant
    held = list(
        Membership.objects.filter(user=user, tenant__in=tenant.line)
        .select_related("tenant")
        .order_by("tenant__path")
    )
    if not held:
        raise NoSuchTenant
    direct = any(membership.tenant_id == tenant.pk for membership in held)
    return Place(
        tenant=tenant,
        roles=frozenset(Role(membership.role) for membership in held),
        via=None if direct else held[0].tenant,
    )


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
    """Return the tenants below with `domain_count`, `mailbox_count`; `shown` narrows by kind or state.

    `domains` and `mailboxes` are the relations that the room above declares on Tenant.
    """
    rows = tenants_below(tenant).annotate(
        domain_count=_count_of("domains"), mailbox_count=_count_of("mailboxes")
    )
    if query:
        domain = Tenant.objects.filter(pk=OuterRef("pk"), domains__name__icontains=query)
        rows = rows.filter(Q(name__icontains=query) | Exists(domain))
    if shown == "resellers":
        rows = rows.filter(kind=TenantKind.RESELLER)
    elif shown == "suspended":
        rows = rows.exclude(status=TenantStatus.ACTIVE)
    return rows


def _count_of(relation: str) -> Coalesce:
    own = Tenant.objects.filter(pk=OuterRef("pk")).order_by()
    return Coalesce(Subquery(own.values("pk").annotate(n=Count(relation)).values("n")), 0)


def tenant_counts(tenant: Tenant) -> dict[str, int]:
    """Return how many tenants are below: `all`, `resellers`, `suspended`. One query."""
    return (
        Tenant.objects.within(tenant)
        .exclude(pk=tenant.pk)
        .aggregate(
            all=Count("pk"),
            resellers=Count("pk", filter=Q(kind=TenantKind.RESELLER)),
            suspended=Count("pk", filter=~Q(status=TenantStatus.ACTIVE)),
        )
    )


def tenant_names(ids: Iterable[int]) -> dict[int, str]:
    """Return the names of tenants by id."""
    return dict(Tenant.objects.filter(pk__in=set(ids)).values_list("pk", "name"))


# ---- people


def person_by_login(address: str) -> User | None:
    """Return who signs in with `address`: his own e-mail or any address he owns."""
    wanted = address.strip().lower()
    if not wanted or "\0" in wanted:
        return None
    return (
        User.objects.select_related("tenant")
        .filter(Q(email=wanted) | Q(login_names__address=wanted))
        .distinct()
        .first()
    )


def session_person(user_id: int) -> User | None:
    """Return the person of a session with what every page asks: `owns_mailbox`, `holds_role`."""
    return (
        User.objects.select_related("tenant")
        .annotate(
            # `mailboxes` is the relation that the room above declares on User
            owns_mailbox=Exists(User.objects.filter(pk=OuterRef("pk"), mailboxes__isnull=False)),
            holds_role=Exists(Membership.objects.filter(user=OuterRef("pk"))),
        )
        .filter(pk=user_id)
        .first()
    )


def may_sign_in(user: User) -> bool:
    """Return whether neither the person, nor his tenant, nor one above it is suspended."""
    if not user.is_active:
        return False
    if user.tenant.status != TenantStatus.ACTIVE:
        return False
    above = user.tenant.line[:-1]
    return (
        not above
        or not Tenant.objects.filter(pk__in=above).exclude(status=TenantStatus.ACTIVE).exists()
    )


def owns_mailbox(user: User) -> bool:
    """Return whether the person reads mail here."""
    known = getattr(user, "owns_mailbox", None)
    return user.mailboxes.exists() if known is None else bool(known)


def holds_role(user: User) -> bool:
    """Return whether the person is a member of any tenant."""
    known = getattr(user, "holds_role", None)
    return Membership.objects.filter(user=user).exists() if known is None else bool(known)


def outside_address(user: User) -> str:
    """Return the person's e-mail unless it is a mailbox of his own here; then an empty text.

    A link that lets somebody in must not go to the mailbox that it opens.
    """
    hosted = user.mailboxes.filter(address__email=user.email).exists()
    return "" if hosted else user.email


def people_of(tenant: Tenant) -> QuerySet[User]:
    """Return those whose home is `tenant` and those who hold a role in it."""
    member = Membership.objects.filter(user=OuterRef("pk"), tenant=tenant)
    return (
        User.objects.filter(Q(tenant=tenant) | Exists(member))
        .select_related("tenant")
        .prefetch_related("memberships")
    )


def people_rows(tenant: Tenant, *, query: str = "", only_roles: bool = False) -> QuerySet[User]:
    """Return the people of `tenant`, those with a role in it only, or by name and address."""
    rows = people_of(tenant)
    if only_roles:
        rows = rows.filter(Exists(Membership.objects.filter(user=OuterRef("pk"), tenant=tenant)))
    if query:
        rows = rows.filter(Q(name__icontains=query) | Q(email__icontains=query))
    here = Prefetch(
        "memberships",
        Membership.objects.filter(tenant=tenant).order_by("role"),
        to_attr="roles_here",
    )
    return rows.prefetch_related(None).prefetch_related(here)


def may_manage(actor: Actor, person: User) -> bool:
    """Return whether the actor stands above the person: may reset and suspend him."""
    return stands_over(actor, person)


def memberships_of(person: User) -> list[Membership]:
    """Return all roles of a person, with their tenants."""
    return list(
        Membership.objects.filter(user=person).select_related("tenant").order_by("tenant__path")
    )


def person_of(tenant: Tenant, person_id: int) -> User:
    """Return one of `people_of`. Raises NotFound."""
    person = people_of(tenant).filter(pk=person_id).first()
    if person is None:
        raise NotFound
    return person


def roles_in(person: User, tenant: Tenant) -> list[Membership]:
    """Return the person's memberships in exactly this tenant."""
    return list(person.memberships.filter(tenant=tenant).order_by("role"))


# ---- invitations


def open_invitations(tenant: Tenant) -> QuerySet[Invitation]:
    """Return invitations into roles of `tenant` that nobody has used, expired ones too."""
    return (
        Invitation.objects.filter(tenant=tenant, accepted_at=None, user=None)
        .select_related("invited_by")
        .order_by("-created_at", "-pk")
    )


def invitation_of(tenant: Tenant, invitation_id: int) -> Invitation:
    """Return an unused invitation of `tenant`. Raises NotFound."""
    found = (
        Invitation.objects.filter(tenant=tenant, accepted_at=None, pk=invitation_id)
        .select_related("tenant", "user")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def invitation_by_hash(token_sha256: str) -> Invitation:
    """Return the invitation that may still be used. Raises InvitationOver."""
    found = (
        Invitation.objects.select_related("tenant", "user", "user__tenant")
        .filter(token_sha256=token_sha256, accepted_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if found is None:
        raise InvitationOver
    return found


# ---- plans and limits


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
        .annotate(domain_count=_count_of("domains"), mailbox_count=_count_of("mailboxes"))
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
        if any(getattr(limits, field) is not None for field in LIMIT_FIELDS)
    )
    return Limits(
        own.tenant_id,
        own.tenant_path,
        own.tenant_name,
        *(getattr(own, field) for field in LIMIT_FIELDS),
        ceilings=ceilings,
    )


def _limits(tenant: Tenant) -> Limits:
    values = [getattr(tenant.plan, field) if tenant.plan else None for field in LIMIT_FIELDS]
    return Limits(tenant.pk, tenant.path, tenant.name, *values)


# ---- the audit trail


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
        rows = rows.filter(tenant_id__in=Tenant.objects.within(tenant).values("pk"))
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
