"""People: who signs in, who may, and who belongs to a tenant."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Prefetch, Q, TextField

from accounts.models import (
    Membership,
    Tenant,
    TenantStatus,
    User,
)
from accounts.policy import stands_over
from accounts.roles import Role
from portal.errors import NotFound
from portal.fixed import Fixed, concrete_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from accounts.actor import Actor


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
    """Return the person of a session with what every page asks: `owns_mailbox`, `holds_role`.

    His tenant comes with `is_stopped`: it, or one above it, is suspended.
    """
    found = _PERSON.rows(user_id)
    if not found:
        return None
    values = iter(found[0])
    user = User.from_db(DEFAULT_DB_ALIAS, _OF_USER, list(islice(values, len(_OF_USER))))
    user.tenant = Tenant.from_db(
        DEFAULT_DB_ALIAS, _OF_TENANT, list(islice(values, len(_OF_TENANT)))
    )
    user.owns_mailbox, user.holds_role, user.tenant.is_stopped = values  # type: ignore[attr-defined]  # annotations
    return user


_OF_USER = concrete_names(User)
_OF_TENANT = concrete_names(Tenant)
_PERSON = Fixed(
    lambda user_id: (
        User.objects.annotate(
            # `mailboxes` is the relation that the room above declares on User
            owns_mailbox=Exists(User.objects.filter(pk=OuterRef("pk"), mailboxes__isnull=False)),
            holds_role=Exists(Membership.objects.filter(user=OuterRef("pk"))),
            is_stopped=Exists(
                Tenant.objects.exclude(status=TenantStatus.ACTIVE)
                .alias(below=ExpressionWrapper(OuterRef("tenant__path"), output_field=TextField()))
                .filter(below__startswith=F("path"))
            ),
        )
        .filter(pk=user_id)
        .values_list(
            *_OF_USER,
            *(f"tenant__{name}" for name in _OF_TENANT),
            "owns_mailbox",
            "holds_role",
            "is_stopped",
        )
    )
)


def may_sign_in(user: User) -> bool:
    """Return whether neither the person, nor his tenant, nor one above it is suspended."""
    if not user.is_active:
        return False
    known = getattr(user.tenant, "is_stopped", None)
    if known is not None:
        return not known
    line = user.tenant.line
    return not Tenant.objects.filter(pk__in=line).exclude(status=TenantStatus.ACTIVE).exists()


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


def outside_addresses(people: Sequence[User]) -> dict[int, str]:
    """Return `outside_address` of many people by id, those without one left out. One query."""
    hosted = set(
        User.objects.filter(
            pk__in=[p.pk for p in people], mailboxes__address__email=F("email")
        ).values_list("pk", flat=True)
    )
    return {person.pk: person.email for person in people if person.pk not in hosted}


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


def admins_of(tenant: Tenant, *, domain_id: int) -> list[User]:
    """Return whom to tell about a domain of the tenant: those who run it, not those who only help.

    Whoever was given some domains only hears of these. `scopes` is the relation that the room above
    declares on Membership.
    """
    running = (Role.COMPANY_ADMIN, Role.DOMAIN_ADMIN, Role.RESELLER, Role.OPERATOR)
    held = Membership.objects.filter(
        Q(is_scoped=False) | Q(scopes__domain_id=domain_id),
        user=OuterRef("pk"),
        tenant=tenant,
        role__in=running,
    )
    return list(User.objects.filter(Exists(held), is_active=True).order_by("pk"))


def roles_in(person: User, tenant: Tenant) -> list[Membership]:
    """Return the person's memberships in exactly this tenant."""
    return list(person.memberships.filter(tenant=tenant).order_by("role"))
