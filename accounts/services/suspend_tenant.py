"""Stops and resumes serving a tenant: nobody in it signs in or sends, mail is kept or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.models import Tenant, TenantStatus
from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_tenant_change
from accounts.services.record_audit import record_audit
from portal.errors import Conflict

if TYPE_CHECKING:
    from accounts.actor import Actor


def suspend_tenant(
    *, actor: Actor, tenant: Tenant, reason: str = "", refuses_mail: bool = False
) -> Tenant:
    """Suspend the tenant and, by the tree, everything below it. Open sessions end.

    Mail is taken and kept, or with `refuses_mail` refused at once; doing it again changes that
    choice. Only from above. Raises Conflict when nothing would change or it has ended, NotAllowed.
    """
    return _switch(actor, tenant, TenantStatus.SUSPENDED, reason, refuses_mail=refuses_mail)


def resume_tenant(*, actor: Actor, tenant: Tenant) -> Tenant:
    """Serve the tenant again. Raises Conflict when it was not suspended, NotAllowed."""
    return _switch(actor, tenant, TenantStatus.ACTIVE, "", refuses_mail=False)


def hold_tenant_from_above(actor: Actor, tenant: Tenant) -> Tenant:
    """Return the tenant's row, locked, for a change that only those above it may make.

    The policy is asked about the tenant above, so nobody suspends, revives or ends himself.
    Raises NotAllowed, Conflict for the operator's own tenant.
    """
    require(actor, Action.TENANT_CHANGE, tenant.parent)
    require(actor, Action.TENANT_CHANGE, tenant)
    if tenant.parent_id is None:
        raise Conflict
    rows = Tenant.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("parent").get(pk=tenant.pk)


def _switch(
    actor: Actor, tenant: Tenant, after: TenantStatus, reason: str, *, refuses_mail: bool
) -> Tenant:
    with transaction.atomic():
        held = hold_tenant_from_above(actor, tenant)
        before = (held.status, held.refuses_mail)
        if before == (after, refuses_mail) or held.status not in _SWITCHED:
            raise Conflict
        held.status, held.refuses_mail = after, refuses_mail
        held.save(update_fields=["status", "refuses_mail"])
        changes: dict[str, Any] = {"status": [before[0], after.value]}
        if before[1] != refuses_mail:
            changes["refuses_mail"] = [before[1], refuses_mail]
        if reason:
            changes["reason"] = ["", reason[:200]]
        stopped = after == TenantStatus.SUSPENDED
        record_audit(
            actor,
            held,
            action="tenant.suspend" if stopped else "tenant.resume",
            target=("tenant", held.pk, held.name),
            changes=changes,
        )
        note_tenant_change(tenant=held, kick=stopped)
    tenant.status, tenant.refuses_mail = held.status, held.refuses_mail
    return held


_SWITCHED = (TenantStatus.ACTIVE, TenantStatus.SUSPENDED)
