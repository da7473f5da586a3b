"""Creates, changes and deletes plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.errors import NameTaken, PlanInUse
from accounts.models import Feature, Plan
from accounts.policy import require
from accounts.roles import Action
from accounts.services.create_tenant import clean_name
from accounts.services.record_audit import record_audit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from accounts.actor import Actor
    from accounts.models import Tenant

LIMITS = (
    "max_domains",
    "max_mailboxes",
    "max_aliases",
    "max_forwarders",
    "max_lists",
    "storage_bytes",
    "max_mailbox_bytes",
    "max_sent_per_hour",
    "max_sent_per_day",
)


def create_plan(
    *,
    actor: Actor,
    tenant: Tenant,
    name: str,
    limits: Mapping[str, int | None],
    left_out: Collection[str] = (),
    trusts_forwarding: bool = False,
) -> Plan:
    """Insert a plan that `tenant` sells; a limit that is missing or None does not exist.

    Raises NameTaken, NotAllowed.
    """
    require(actor, Action.PLAN_CHANGE, tenant)
    values = {field: limits.get(field) for field in LIMITS}
    plan = Plan(
        tenant=tenant,
        name=clean_name(name)[:80],
        left_out=_features(left_out),
        trusts_forwarding=trusts_forwarding,
        **values,
    )
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
            record_audit(
                actor,
                tenant,
                action="plan.create",
                target=("plan", plan.pk, plan.name),
                changes={
                    field: [None, value] for field, value in values.items() if value is not None
                }
                | ({"trusts_forwarding": [False, True]} if trusts_forwarding else {}),
            )
    except IntegrityError as exc:
        raise NameTaken(field="name") from exc
    return plan


def change_plan(
    *,
    actor: Actor,
    plan: Plan,
    name: str,
    limits: Mapping[str, int | None],
    left_out: Collection[str] | None = None,
    trusts_forwarding: bool | None = None,
) -> Plan:
    """Change a plan for everybody on it; who uses more keeps it and cannot add.

    Raises NameTaken, NotAllowed.
    """
    require(actor, Action.PLAN_CHANGE, plan.tenant)
    wanted: dict[str, Any] = {"name": clean_name(name)[:80]}
    wanted |= {field: limits[field] for field in LIMITS if field in limits}
    if left_out is not None:
        wanted["left_out"] = _features(left_out)
    if trusts_forwarding is not None:
        wanted["trusts_forwarding"] = trusts_forwarding
    try:
        with transaction.atomic():
            row = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
            changes = {
                field: [getattr(row, field), value]
                for field, value in wanted.items()
                if getattr(row, field) != value
            }
            if not changes:
                return row
            for field, (_before, after) in changes.items():
                setattr(row, field, after)
            row.save(update_fields=list(changes))
            record_audit(
                actor,
                plan.tenant,
                action="plan.change",
                target=("plan", row.pk, row.name),
                changes=changes,
            )
    except IntegrityError as exc:
        raise NameTaken(field="name") from exc
    return row


def _features(codes: Collection[str]) -> list[str]:
    return sorted(set(codes) & set(Feature.values))


def delete_plan(*, actor: Actor, plan: Plan) -> None:
    """Delete a plan nobody is on. Raises PlanInUse, NotAllowed."""
    require(actor, Action.PLAN_CHANGE, plan.tenant)
    target = ("plan", plan.pk, plan.name)
    try:
        with transaction.atomic():
            plan.delete()
            record_audit(actor, plan.tenant, action="plan.delete", target=target)
    except ProtectedError as exc:
        raise PlanInUse from exc
