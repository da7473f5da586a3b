"""Gives a person a role in a tenant, and takes it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.errors import AccountsError, LastAdmin
from accounts.models import Membership, Tenant
from accounts.policy import require, require_grant
from accounts.roles import ROLES_OF_KIND, Action, Role
from accounts.services.record_audit import record_audit
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import User

ADMINS_CHANGED = "domains.route_reserved"  # postmaster and abuse follow the company's admins
_LEADING = {Role.OPERATOR, Role.RESELLER, Role.COMPANY_ADMIN}


def grant_role(*, actor: Actor, tenant: Tenant, person: User, role: Role) -> Membership:
    """Make `person` a `role` in `tenant`; holding it already changes nothing.

    Nobody grants more than he may do himself. Raises NotAllowed, AccountsError.
    """
    require(actor, Action.PEOPLE_CHANGE, tenant)
    check_role(actor, tenant, role)
    with transaction.atomic():
        membership, made = Membership.objects.get_or_create(user=person, tenant=tenant, role=role)
        if made:
            record_audit(
                actor,
                tenant,
                action="role.grant",
                target=("person", person.pk, person.email),
                changes={"role": ["", role.value]},
            )
            after_commit(ADMINS_CHANGED, tenant.pk)
    return membership


def revoke_role(*, actor: Actor, tenant: Tenant, person: User, role: Role) -> None:
    """Take the role away; the person stays. Raises LastAdmin, NotAllowed.

    The last leading role of a tenant stays, unless somebody from above takes it.
    """
    require(actor, Action.PEOPLE_CHANGE, tenant)
    require_grant(actor, role)
    with transaction.atomic():
        Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk)
        held = Membership.objects.filter(tenant=tenant, role=role)
        others = held.exclude(user=person).filter(user__is_active=True)
        from_above = actor.is_system or actor.via is not None
        if role in _LEADING and not from_above and not others.exists():
            raise LastAdmin
        gone, _rows = held.filter(user=person).delete()
        if gone:
            # who may no longer invite leaves no open doors behind
            tenant.invitations.filter(invited_by=person, user=None, accepted_at=None).delete()
            record_audit(
                actor,
                tenant,
                action="role.revoke",
                target=("person", person.pk, person.email),
                changes={"role": [role.value, ""]},
            )
            after_commit(ADMINS_CHANGED, tenant.pk)


def check_role(actor: Actor, tenant: Tenant, role: Role) -> None:
    """Raise unless `role` exists in this kind of tenant and the actor may grant it."""
    if role not in ROLES_OF_KIND[tenant.kind]:
        raise AccountsError(_("This role does not exist in such a tenant."), field="role")
    require_grant(actor, role)
