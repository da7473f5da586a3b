"""Writes one row of the audit trail; every service that changes something calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accounts.models import AuditEvent

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant


def record_audit(
    actor: Actor,
    tenant: Tenant,
    *,
    action: str,
    target: tuple[str, int | None, str],
    changes: dict[str, Any] | None = None,
) -> AuditEvent:
    """Record that `actor` did `action` in `tenant`, inside the caller's transaction.

    Its arguments are those of `audit_event`.
    """
    event = audit_event(actor, tenant, action=action, target=target, changes=changes)
    event.save(force_insert=True)
    return event


def audit_event(
    actor: Actor,
    tenant: Tenant,
    *,
    action: str,
    target: tuple[str, int | None, str],
    changes: dict[str, Any] | None = None,
) -> AuditEvent:
    """Return the row for the caller to insert.

    `target` is (kind, id, name). `changes` maps a field to [before, after] in JSON types;
    passwords, tokens and keys never belong in it.
    """
    kind, target_id, name = target
    above = actor.via or actor.acting_from
    acting_from = above if above and above.pk != tenant.pk else None
    if acting_from is None and actor.user and actor.tenant and actor.tenant.pk != tenant.pk:
        acting_from = actor.tenant
    return AuditEvent(
        tenant_id=tenant.pk,
        at=timezone.now(),
        actor_id=actor.user.pk if actor.user else None,
        actor_name=actor.name[:254],
        acting_in=acting_from.name[:120] if acting_from else "",
        acting_as=actor.acting_as.email if actor.acting_as else "",
        action=action,
        target_kind=kind,
        target_id=target_id,
        target_name=name[:320],
        changes=changes or {},
        ip=actor.ip or None,
        request_id=actor.request_id,
    )
