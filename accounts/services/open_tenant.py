"""Opens a customer in one step: the tenant, its plan, and the invitation of its first admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.models import TenantKind
from accounts.roles import Role
from accounts.services.create_tenant import create_tenant
from accounts.services.invite_person import invite_person

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Plan, Tenant
    from accounts.services.invite_person import Link


def open_tenant(
    *,
    actor: Actor,
    parent: Tenant,
    kind: TenantKind,
    name: str,
    plan: Plan | None,
    admin_email: str,
    admin_name: str = "",
    language: str = "",
    token: str = "",
) -> tuple[Tenant, Link]:
    """Create the tenant and invite its admin; both or neither. Raises as the two services do.

    `token` as `invite_person` takes it.
    """
    role = Role.RESELLER if kind == TenantKind.RESELLER else Role.COMPANY_ADMIN
    with transaction.atomic():
        tenant = create_tenant(
            actor=actor, parent=parent, kind=kind, name=name, plan=plan, language=language
        )
        link = invite_person(
            actor=actor,
            tenant=tenant,
            email=admin_email,
            name=admin_name,
            role=role,
            token=token,
        )
    return tenant, link
