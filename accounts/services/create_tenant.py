"""Makes a reseller or a company below a tenant, and the operator at the root."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.errors import AccountsError, NameTaken
from accounts.models import ENDED, Tenant, TenantKind, TenantStatus
from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from portal.errors import Conflict

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Plan

_HOLDS = {TenantKind.OPERATOR, TenantKind.RESELLER}
MAX_DEPTH = 8


def create_tenant(
    *,
    actor: Actor,
    parent: Tenant,
    kind: TenantKind,
    name: str,
    plan: Plan | None = None,
    language: str = "",
    timezone: str = "",
) -> Tenant:
    """Insert a tenant below `parent`; `plan` must be one that `parent` sells.

    Raises NameTaken when a sibling has the name, Conflict when `parent` has ended, NotAllowed,
    AccountsError.
    """
    require(actor, Action.TENANT_CREATE, parent)
    clean = clean_name(name)
    if parent.kind not in _HOLDS or kind == TenantKind.OPERATOR:
        raise AccountsError(_("Only a reseller or the operator holds tenants."), field="kind")
    if len(parent.line) >= MAX_DEPTH:
        raise AccountsError(_("Resellers cannot be nested any deeper."), field="kind")
    check_plan(plan, parent)
    with transaction.atomic():
        if Tenant.objects.select_for_update().get(pk=parent.pk).status in ENDED:
            raise Conflict(_("%(tenant)s has ended. Restore it first.") % {"tenant": parent.name})
        if parent.children.exclude(status=TenantStatus.PURGED).filter(name__iexact=clean).exists():
            raise NameTaken(field="name")
        tenant = _insert(
            Tenant(
                parent=parent,
                kind=kind,
                name=clean,
                plan=plan,
                language=language,
                timezone=timezone,
            )
        )
        # Written where it was made and in the new tenant, whose admins should see their first day.
        for place in (parent, tenant):
            record_audit(
                actor,
                place,
                action="tenant.create",
                target=("tenant", tenant.pk, tenant.name),
                changes={"kind": ["", kind.value], "plan": ["", plan.name if plan else ""]},
            )
    return tenant


def create_operator_tenant(*, name: str, language: str = "", timezone: str = "") -> Tenant:
    """Insert the root of the tree. Raises Conflict when there is one already."""
    try:
        with transaction.atomic():
            return _insert(
                Tenant(
                    kind=TenantKind.OPERATOR,
                    name=clean_name(name),
                    language=language,
                    timezone=timezone,
                )
            )
    except IntegrityError as exc:
        raise Conflict(_("This installation has its operator already.")) from exc


def clean_name(name: str) -> str:
    """Return the name with single spaces. Raises AccountsError when nothing printable is left."""
    clean = " ".join(name.split())
    if not clean or not clean.isprintable():
        raise AccountsError(_("Please give a name without control characters."), field="name")
    if len(clean) > 120:
        raise AccountsError(_("Please give a name of at most 120 characters."), field="name")
    return clean


def check_plan(plan: Plan | None, seller: Tenant | None) -> None:
    """Raise AccountsError unless `seller` sells `plan`; None (no plan) is always fine."""
    if plan is not None and (seller is None or plan.tenant_id != seller.pk):
        raise AccountsError(_("This plan is not one of yours."), field="plan")


def _insert(tenant: Tenant) -> Tenant:
    tenant.path = uuid.uuid4().hex  # the real path needs the id
    tenant.save(force_insert=True)
    above = tenant.parent.path if tenant.parent else ""
    tenant.path = f"{above}{tenant.pk}."
    tenant.save(update_fields=["path"])
    return tenant
