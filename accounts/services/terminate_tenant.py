"""Ends a tenant with days of grace, and lets it come back until they are over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import AccountsError
from accounts.models import ENDED, Tenant, TenantStatus
from accounts.services.note_access_change import note_tenant_change
from accounts.services.record_audit import record_audit
from accounts.services.suspend_tenant import hold_tenant_from_above
from portal.errors import Conflict
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.actor import Actor

GRACE_CHOICES = (90, 30, 7, 0)  # days


def terminate_tenant(*, actor: Actor, tenant: Tenant, grace_days: int, reason: str = "") -> Tenant:
    """Stop everything in the tenant now and purge it after `grace_days`; 0: at once.

    Its domains host nothing from now on, nobody signs in, nothing is deleted before the day. Doing
    it again only moves the day. Only from above. Raises Conflict for a reseller who still has
    customers, or when it was purged; AccountsError on `grace_days`, NotAllowed.
    """
    if grace_days not in GRACE_CHOICES:
        raise AccountsError(_("Choose one of the periods offered."), field="grace_days")
    with transaction.atomic():
        held = hold_tenant_from_above(actor, tenant)
        _refuse_with_customers(held)
        if held.status == TenantStatus.PURGED:
            raise Conflict
        before = held.status
        if before != TenantStatus.TERMINATED:
            held.was_suspended = before == TenantStatus.SUSPENDED
        held.status = TenantStatus.TERMINATED
        held.purge_after = timezone.now() + timedelta(days=grace_days)
        held.save(update_fields=["status", "purge_after", "was_suspended"])
        changes: dict[str, Any] = {
            "status": [before, held.status],
            "purge_after": ["", held.purge_after.isoformat()],
        }
        if reason:
            changes["reason"] = ["", reason[:200]]
        _record(actor, held, "tenant.terminate", changes)
        note_tenant_change(tenant=held, kick=True)
        if grace_days == 0:
            after_commit("domains.purge_deleted")
    return held


def restore_tenant(*, actor: Actor, tenant: Tenant) -> Tenant:
    """Undo the termination: the tenant becomes what it was.

    Raises Conflict once it is purged, and while the reseller above has ended himself.
    """
    with transaction.atomic():
        if tenant.parent_id is not None:
            above = Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.parent_id)
            if above.status in ENDED:
                raise Conflict(
                    _("%(tenant)s has ended. Restore it first.") % {"tenant": above.name}
                )
        held = hold_tenant_from_above(actor, tenant)
        is_over = held.purge_after is not None and held.purge_after <= timezone.now()
        if held.status != TenantStatus.TERMINATED or is_over:
            raise Conflict(_("There is nothing to undo: it was not ended, or its days are over."))
        held.status = TenantStatus.SUSPENDED if held.was_suspended else TenantStatus.ACTIVE
        held.purge_after, held.was_suspended = None, False
        held.save(update_fields=["status", "purge_after", "was_suspended"])
        changes = {"status": [TenantStatus.TERMINATED.value, held.status]}
        _record(actor, held, "tenant.restore", changes)
        note_tenant_change(tenant=held, kick=False)
    return held


def _record(actor: Actor, tenant: Tenant, action: str, changes: dict[str, Any]) -> None:
    """Write it where it happened and above, where the trail outlives the tenant."""
    for place in filter(None, (tenant.parent, tenant)):
        record_audit(
            actor,
            place,
            action=action,
            target=("tenant", tenant.pk, tenant.name),
            changes=changes,
        )


def _refuse_with_customers(tenant: Tenant) -> None:
    below = tenant.children.exclude(status__in=ENDED).count()
    if below:
        raise Conflict(
            ngettext(
                "%(tenant)s still has %(number)d tenant below. End or move it first.",
                "%(tenant)s still has %(number)d tenants below. End or move them first.",
                below,
            )
            % {"tenant": tenant.name, "number": below}
        )
