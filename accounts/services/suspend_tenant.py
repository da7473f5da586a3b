"""Stops and resumes serving a tenant: it keeps receiving, nobody in it signs in or sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.models import Tenant, TenantStatus
from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_tenant_change
from accounts.services.record_audit import record_audit
from portal.errors import Conflict

if TYPE_CHECKING:
    from accounts.actor import Actor


def suspend_tenant(*, actor: Actor, tenant: Tenant, reason: str = "") -> Tenant:
    """Suspend the tenant and, by the tree, everything below it. Open sessions end.

    Only from above. Raises Conflict when it is not active, NotAllowed.
    """
    return _switch(actor, tenant, TenantStatus.ACTIVE, TenantStatus.SUSPENDED, reason)


def resume_tenant(*, actor: Actor, tenant: Tenant) -> Tenant:
    """Serve the tenant again. Raises Conflict when it was not suspended, NotAllowed."""
    return _switch(actor, tenant, TenantStatus.SUSPENDED, TenantStatus.ACTIVE, "")


def _switch(
    actor: Actor, tenant: Tenant, before: TenantStatus, after: TenantStatus, reason: str
) -> Tenant:
    # The policy is asked about the tenant above, so nobody suspends or revives himself.
    require(actor, Action.TENANT_CHANGE, tenant.parent)
    require(actor, Action.TENANT_CHANGE, tenant)
    if tenant.parent_id is None:
        raise Conflict
    with transaction.atomic():
        changed = Tenant.objects.filter(pk=tenant.pk, status=before).update(status=after)
        if not changed:
            raise Conflict
        tenant.status = after
        changes = {"status": [before.value, after.value]}
        if reason:
            changes["reason"] = ["", reason[:200]]
        record_audit(
            actor,
            tenant,
            action="tenant.suspend" if after == TenantStatus.SUSPENDED else "tenant.resume",
            target=("tenant", tenant.pk, tenant.name),
            changes=changes,
        )
        note_tenant_change(tenant=tenant, kick=after == TenantStatus.SUSPENDED)
    return tenant
