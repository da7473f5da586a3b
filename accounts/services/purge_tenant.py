"""Removes the people and plans of a tenant whose days of grace are over, and writes the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Case, When
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Invitation, Membership, Plan, Tenant, TenantStatus, User
from accounts.services.record_audit import record_audit

if TYPE_CHECKING:
    from collections.abc import Mapping

BATCH = 200


def purge_tenant(*, tenant_id: int, proof: Mapping[str, int]) -> bool:
    """Delete up to BATCH people; with nobody left, keep the bare row as purged and write `proof`.

    The rooms above call it once nothing of theirs is left in the tenant; `proof` says what they
    removed. Returns whether the tenant is purged now. A tenant that was restored is left alone.
    """
    with transaction.atomic():
        tenant = (
            Tenant.objects.select_for_update(of=("self",))
            .select_related("parent")
            .filter(pk=tenant_id, status=TenantStatus.TERMINATED)
            .filter(purge_after__lte=timezone.now())
            .first()
        )
        if tenant is None or tenant.children.exclude(status=TenantStatus.PURGED).exists():
            return False
        system = Actor.system(tenant)
        Membership.objects.filter(tenant=tenant).delete()
        Invitation.objects.filter(tenant=tenant).delete()
        for person in User.objects.filter(tenant=tenant).order_by("pk")[:BATCH]:
            _let_go(system, tenant, person)
        if User.objects.filter(tenant=tenant).exists():
            return False
        tenant.children.update(plan=None)
        Plan.objects.filter(tenant=tenant).delete()
        tenant.status, tenant.purge_after = TenantStatus.PURGED, None
        tenant.plan = None
        tenant.save(update_fields=["status", "purge_after", "plan"])
        for place in filter(None, (tenant.parent, tenant)):
            record_audit(
                system,
                place,
                action="tenant.purge",
                target=("tenant", tenant.pk, tenant.name),
                changes=dict(proof),
            )
    return True


def _let_go(system: Actor, tenant: Tenant, person: User) -> None:
    """Delete somebody of the tenant; who acts elsewhere too finds his new home there."""
    target = ("person", person.pk, person.email)
    elsewhere = (
        Membership.objects.filter(user=person)
        .exclude(tenant__status=TenantStatus.PURGED)
        .select_related("tenant")
        .order_by(Case(When(tenant__status=TenantStatus.ACTIVE, then=0), default=1), "pk")
        .first()
    )
    if elsewhere is None:
        person.delete()
        record_audit(system, tenant, action="person.delete", target=target)
        return
    User.objects.filter(pk=person.pk).update(tenant=elsewhere.tenant)
    for place in (tenant, elsewhere.tenant):
        record_audit(
            system,
            place,
            action="person.rehome",
            target=target,
            changes={"tenant": [tenant.name, elsewhere.tenant.name]},
        )
