"""The one place that says no: services and views ask here before they act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.errors import NotAllowed
from accounts.models import Membership
from accounts.roles import Action, Role, covers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from accounts.actor import Actor
    from accounts.models import Tenant, User


def require(
    actor: Actor,
    action: Action,
    tenant: Tenant | None = None,
    *,
    domain_ids: Iterable[int] = (),
) -> None:
    """Raise NotAllowed unless the actor's roles allow `action`, in `tenant` when it is given.

    A role reaches the tenant it was given in and every tenant below it. A role for some domains only
    needs to know which domains it is about, `domain_ids`; who does not say is refused.
    """
    if actor.domain_ids is not None and action != Action.TENANT_VIEW:
        about = frozenset(domain_ids)
        if not about or not about <= actor.domain_ids:
            raise NotAllowed(detail=f"{action} denied outside of the role's domains")
    if not actor.may(action) or (tenant is not None and not reaches(actor, tenant)):
        raise NotAllowed(detail=f"{action} denied")


def reaches(actor: Actor, tenant: Tenant) -> bool:
    """Return whether the actor's roles are valid in `tenant`."""
    return actor.is_system or tenant.path.startswith(actor.reach)


def require_grant(actor: Actor, role: Role) -> None:
    """Raise NotAllowed when `role` allows something that the actor himself may not do."""
    if not actor.is_system and not covers(actor.roles, [role]):
        raise NotAllowed(detail=f"may not grant {role}")


def require_over(actor: Actor, person: User) -> None:
    """Raise NotAllowed unless the actor stands above `person` in everything the person may do."""
    if not stands_over(actor, person):
        raise NotAllowed(detail="the person is beyond the actor's rights")


def stands_over(actor: Actor, person: User) -> bool:
    """Return whether the actor may reset, suspend or delete `person`.

    Only the admins of a person's home may; and a help desk must not gain an admin's rights by
    resetting the admin's password.
    """
    return person.pk in stood_over(actor, [person])


def stood_over(actor: Actor, people: Collection[User]) -> set[int]:
    """Return the ids of those of `people` that `stands_over` allows. One query."""
    if actor.is_system:
        return {person.pk for person in people}
    allowed = {person.pk for person in people if reaches(actor, person.tenant)}
    held = Membership.objects.filter(user__in=allowed).select_related("tenant")
    if actor.domain_ids is not None:
        # a role for some domains only stands over nobody who has one
        return allowed - set(held.values_list("user_id", flat=True))
    beyond = {
        membership.user_id
        for membership in held
        if not (reaches(actor, membership.tenant) and covers(actor.roles, [membership.role]))
    }
    return allowed - beyond
