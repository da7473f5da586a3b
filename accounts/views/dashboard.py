"""The overview of a tenant: what needs attention first, then the key figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET

from accounts.http import TenantRequest, permission
from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import recent_changes
from accounts.views.audit_words import told
from portal.http import page, url_or_blank

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from accounts.actor import Actor
    from accounts.models import Tenant
    from portal.attention import Overview, PlanMeter


@require_GET
@permission(Action.TENANT_VIEW)
def dashboard(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Show what somebody with this role should look at today."""
    is_whole = request.actor.domain_ids is None  # the rooms count whole tenants
    rooms = _rooms(request.tenant, request.actor) if is_whole else []
    rows = [row for room in rooms for row in room.rows]
    steps = [step for room in rooms for step in room.first_steps]
    may_read = request.actor.may(Action.AUDIT_VIEW)
    events = recent_changes(request.tenant, 6) if may_read else []
    recent = [told(event) for event in events]
    context = {
        "here": "dashboard",
        "rows": sorted(rows, key=lambda row: row.rank),  # most severe first
        "figures": [figure for room in rooms for figure in room.figures],
        "recent": recent,
        "steps": _steps(request),
        "first_steps": [] if all(step.is_done for step in steps) else steps,
    }
    return page(request, "accounts/dashboard.html", context)


@dataclass(frozen=True, slots=True)
class Step:
    """What this role does most, as a button."""

    label: str
    icon: str
    url: str


def _steps(request: TenantRequest) -> list[Step]:
    found = []
    for label, icon, url_name, action in settings.OVERVIEW_STEPS:
        for_sellers = action == Action.TENANT_CREATE
        if for_sellers == (request.tenant.kind == TenantKind.COMPANY):
            continue
        if request.actor.may(Action(action)) and (url := url_or_blank(url_name, request.tenant.pk)):
            found.append(Step(str(label), icon, url))
    return found


def plan_meters(tenant: Tenant, actor: Actor) -> list[PlanMeter]:
    """Return what every room counts against the plan of a tenant."""
    found: list[PlanMeter] = []
    for dotted in settings.PLAN_METERS:
        room: Callable[[Tenant, Actor], list[PlanMeter]] = import_string(dotted)
        found += room(tenant, actor)
    return found


def _rooms(tenant: Tenant, actor: Actor) -> list[Overview]:
    """Return what every room says, in the order of the settings."""
    found: list[Overview] = []
    for dotted in settings.OVERVIEW:
        room: Callable[[Tenant, Actor], Overview] = import_string(dotted)
        found.append(room(tenant, actor))
    return found
