"""Changes a tenant's name, plan, language and time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.errors import NameTaken, NotAllowed
from accounts.models import Tenant, TenantStatus
from accounts.policy import require
from accounts.roles import Action
from accounts.services.create_tenant import check_plan, clean_name
from accounts.services.record_audit import record_audit

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Plan


def change_tenant(
    *,
    actor: Actor,
    tenant: Tenant,
    name: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
    lets_provider_act: bool | None = None,
) -> Tenant:
    """Change what is given; None leaves a field alone. Raises NameTaken, NotAllowed.

    `lets_provider_act` is a consent, so only the tenant's own people give it or take it back.
    """
    require(actor, Action.TENANT_SETTINGS, tenant)
    wanted = {
        "name": None if name is None else clean_name(name),
        "language": language,
        "timezone": timezone,
        "lets_provider_act": lets_provider_act,
    }
    with transaction.atomic():
        row = Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk)
        changes: dict[str, Any] = {
            field: [getattr(row, field), value]
            for field, value in wanted.items()
            if value is not None and value != getattr(row, field)
        }
        if not changes:
            return row
        if "lets_provider_act" in changes and (actor.via or actor.acting_as):
            raise NotAllowed
        if "name" in changes and row.parent is not None:
            siblings = row.parent.children.exclude(status=TenantStatus.PURGED).exclude(pk=row.pk)
            if siblings.filter(name__iexact=changes["name"][1]).exists():
                raise NameTaken(field="name")
        for field, (_before, after) in changes.items():
            setattr(row, field, after)
        row.save(update_fields=list(changes))
        record_audit(
            actor,
            row,
            action="tenant.change",
            target=("tenant", row.pk, row.name),
            changes=changes,
        )
    return row


def change_tenant_plan(*, actor: Actor, tenant: Tenant, plan: Plan | None) -> Tenant:
    """Put the tenant on another plan of its seller; who uses more keeps it and cannot add.

    Only from above: nobody raises his own limits.
    """
    require(actor, Action.TENANT_CHANGE, tenant.parent)
    require(actor, Action.TENANT_CHANGE, tenant)
    check_plan(plan, tenant.parent)
    with transaction.atomic():
        row = (
            Tenant.objects.select_for_update(of=("self",)).select_related("plan").get(pk=tenant.pk)
        )
        if row.plan_id == (plan.pk if plan else None):
            return row
        before = row.plan.name if row.plan else ""
        row.plan = plan
        row.save(update_fields=["plan"])
        record_audit(
            actor,
            row,
            action="tenant.plan",
            target=("tenant", row.pk, row.name),
            changes={"plan": [before, plan.name if plan else ""]},
        )
    return row
