"""Gives a role for some domains only, or for all of them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.policy import require, require_grant, require_over
from accounts.roles import SCOPED_ROLES, Action, Role
from accounts.services.record_audit import record_audit
from domains.models import Domain, DomainScope
from portal.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Collection

    from accounts.actor import Actor
    from accounts.models import Tenant, User


def set_scope(
    *, actor: Actor, tenant: Tenant, person: User, role: Role, domain_ids: Collection[int] | None
) -> Membership:
    """Let `person` be `role` for these domains of `tenant`; None: for all of them.

    Effective at the next page. Raises InvalidInput, NotFound for what is not the tenant's, NotAllowed.
    """
    require(actor, Action.PEOPLE_CHANGE, tenant)
    require_grant(actor, role)
    require_over(actor, person)
    if role not in SCOPED_ROLES:
        raise InvalidInput(_("This role always covers the whole company."), field="domains")
    with transaction.atomic():
        held = (
            Membership.objects.select_for_update(of=("self",))
            .filter(user=person, tenant=tenant, role=role)
            .first()
        )
        if held is None:
            raise NotFound
        wanted = set(domain_ids or ())
        names = dict(Domain.objects.of(tenant).filter(pk__in=wanted).values_list("pk", "name"))
        if set(names) != wanted:
            raise NotFound
        if domain_ids is not None and not wanted:
            raise InvalidInput(_("Choose at least one domain."), field="domains")
        before = sorted(held.scopes.values_list("domain__name", flat=True))
        was_scoped, held.is_scoped = held.is_scoped, domain_ids is not None
        held.save(update_fields=["is_scoped"])
        held.scopes.all().delete()
        DomainScope.objects.bulk_create(
            DomainScope(membership=held, domain_id=pk) for pk in sorted(names)
        )
        record_audit(
            actor,
            tenant,
            action="role.scope",
            target=("person", person.pk, person.email),
            changes={
                "role": role.value,
                "domains": [before if was_scoped else "*", sorted(names.values()) or "*"],
            },
        )
    return held
