"""Puts a batch of customers on another plan, each as its page would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Plan, Tenant, TenantStatus
from accounts.services.change_tenant import change_tenant_plan
from domains.errors import JobEnded
from domains.models import STORAGE, RoomUsage, RowState
from domains.services.carry_import import refuse
from domains.services.require_room import Room
from portal.errors import PortalError
from portal.templatetags.ui import filesize, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.utils.functional import _StrPromise

    from accounts.actor import Actor
    from domains.models import Job, JobRow

# What a plan limits and counters count: the word for it, and how an amount is written.
ROOMS: dict[str, tuple[_StrPromise, Callable[[int], str]]] = {
    Room.DOMAINS: (gettext_lazy("Domains"), number),
    Room.MAILBOXES: (gettext_lazy("Mailboxes"), number),
    Room.ALIASES: (gettext_lazy("Aliases"), number),
    Room.FORWARDERS: (gettext_lazy("Forwarders"), number),
    Room.GROUPS: (gettext_lazy("Groups"), number),
    STORAGE: (gettext_lazy("Storage"), filesize),
}


def carry_plans(actor: Actor, job: Job, rows: Sequence[JobRow]) -> None:
    """Change what can be changed and write into each row what became of it.

    As on the customer's own page, who uses more than the plan has keeps it; the row says what.
    """
    plans = {plan.pk: plan for plan in Plan.objects.filter(tenant=job.tenant)}
    chosen = job.options.get("plan_id")
    if chosen is not None and chosen not in plans:
        raise JobEnded(_("The plan does not exist any more."))
    held = {
        tenant.pk: tenant
        for tenant in Tenant.objects.select_for_update(of=("self",))
        .select_related("parent")
        .filter(parent=job.tenant, pk__in=[row.target_id for row in rows])
        .exclude(status=TenantStatus.PURGED)
        .order_by("path")
    }
    for row in rows:
        tenant = held.get(row.target_id or 0)
        # to take a change back, each row brings the plan from before
        wanted = row.found.get("plan_id", chosen)
        if tenant is None:
            refuse(row, _("It is no customer here any more."))
        elif "expected" in row.found and tenant.plan_id != row.found["expected"]:
            refuse(row, _("Somebody changed it since; it is left as it is."))
        elif tenant.plan_id == wanted:
            row.state, row.message = RowState.SKIPPED, _("It is so already.")
        elif wanted is not None and wanted not in plans:
            refuse(row, _("The plan does not exist any more."))
        else:
            _change(actor, row, tenant, None if wanted is None else plans[wanted])


def _change(actor: Actor, row: JobRow, tenant: Tenant, plan: Plan | None) -> None:
    before = tenant.plan_id
    try:
        with transaction.atomic():
            change_tenant_plan(actor=actor, tenant=tenant, plan=plan)
    except PortalError as exc:
        refuse(row, str(exc.message))
    else:
        row.before = {"plan_id": before, "set_to": plan.pk if plan else None}
        row.state, row.message = RowState.DONE, _over(tenant, plan)


def _over(tenant: Tenant, plan: Plan | None) -> str:
    """Return in words what the tenant, with all below it, has more than the plan. One query."""
    if plan is None:
        return ""
    counted = RoomUsage.objects.filter(tenant__path__startswith=tenant.path).values("room")
    used = dict(counted.annotate(n=Sum("used")).values_list("room", "n"))
    over = [
        _("%(what)s: %(used)s of %(limit)s")
        % {"what": label, "used": text(used[room]), "limit": text(limit)}
        for room, (label, text) in ROOMS.items()
        if (limit := getattr(plan, room)) is not None and used.get(room, 0) > limit
    ]
    if not over:
        return ""
    return _("It keeps what it has beyond the plan and cannot add. %(over)s.") % {
        "over": "; ".join(over)
    }
