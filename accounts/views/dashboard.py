"""The overview of a tenant: what needs attention first, then the key figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

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
    from portal.attention import AttentionRow, Figure, FirstStep, PlanMeter

Shown = TypeVar("Shown")


@require_GET
@permission(Action.TENANT_VIEW)
def dashboard(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Show what somebody with this role should look at today."""
    is_whole = request.actor.domain_ids is None  # the rooms count whole tenants
    rows = attention_rows(request.tenant, request.actor) if is_whole else []
    may_read = request.actor.may(Action.AUDIT_VIEW)
    events = recent_changes(request.tenant, 6) if may_read else []
    recent = [told(event) for event in events]
    context = {
        "here": "dashboard",
        "rows": rows,
        "figures": figures(request.tenant, request.actor) if is_whole else [],
        "recent": recent,
        "steps": _steps(request),
        "first_steps": _first_steps(request.tenant, request.actor),
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


def attention_rows(tenant: Tenant, actor: Actor) -> list[AttentionRow]:
    """Return the rows of every room, most severe first, in each room's own order."""
    rows: list[AttentionRow] = _from_rooms(settings.ATTENTION, tenant, actor)
    return sorted(rows, key=lambda row: row.rank)


def figures(tenant: Tenant, actor: Actor) -> list[Figure]:
    """Return the key figures of every room."""
    return _from_rooms(settings.FIGURES, tenant, actor)


def plan_meters(tenant: Tenant, actor: Actor) -> list[PlanMeter]:
    """Return what every room counts against the plan of a tenant."""
    return _from_rooms(settings.PLAN_METERS, tenant, actor)


def _first_steps(tenant: Tenant, actor: Actor) -> list[FirstStep]:
    steps: list[FirstStep] = _from_rooms(settings.FIRST_STEPS, tenant, actor)
    return [] if all(step.is_done for step in steps) else steps


def _from_rooms(dotted_names: list[str], tenant: Tenant, actor: Actor) -> list[Shown]:
    found: list[Shown] = []
    for dotted in dotted_names:
        room: Callable[[Tenant, Actor], list[Shown]] = import_string(dotted)
        found += room(tenant, actor)
    return found
