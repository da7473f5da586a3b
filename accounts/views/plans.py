"""Plans: the limits that an operator or reseller sells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import PlanForm
from accounts.http import TenantRequest, permission
from accounts.models import Plan, TenantKind
from accounts.roles import Action
from accounts.selectors import LIMIT_FIELDS, limits_of, plan_of, plan_usage, plans_of
from accounts.services.change_plan import LIMITS, change_plan, create_plan, delete_plan
from accounts.views.audit_words import FIELDS
from accounts.views.dashboard import plan_meters
from portal.errors import NotFound
from portal.exports import batches, export, export_asked
from portal.forms import attempt
from portal.http import page
from portal.paging import paged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponse, HttpResponseBase

    from portal.sheets.writing import Cell


@require_GET
@permission(Action.PLAN_VIEW)
def plan_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List the plans one sells, and the contract one is on oneself."""
    _refuse_company(request)
    if export_asked(request):
        heads = (_("Name"), _("Tenants"), *(FIELDS.get(field, field) for field in LIMIT_FIELDS))
        return export(request, _("Plans"), heads, _cells(plans_of(request.tenant)))
    context = {
        "here": "plans",
        "page": paged(plans_of(request.tenant), request.GET),
        "contract": limits_of(request.tenant),
        "meters": plan_meters(request.tenant, request.actor),
        "may_change": request.actor.may(Action.PLAN_CHANGE),
    }
    return page(request, "accounts/plan_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.PLAN_CHANGE)
def plan_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Make a plan; `?like=` starts from another one."""
    _refuse_company(request)
    like = request.GET.get("like", "")
    initial = _values(plan_of(request.tenant, int(like))) | {"name": ""} if like.isdecimal() else {}
    form = PlanForm(request.POST or None, initial=initial)
    if form.is_valid():
        plan = attempt(
            form,
            create_plan,
            actor=request.actor,
            tenant=request.tenant,
            name=form.cleaned_data["name"],
            limits=form.limits(),
            left_out=form.cleaned_data["left_out"],
            trusts_forwarding=form.cleaned_data["trusts_forwarding"],
        )
        if plan is not None:
            messages.success(request, _("The plan %(plan)s was made.") % {"plan": plan.name})
            return redirect("accounts:plan-list", tenant_id)
    context = {"here": "plans", "form": form}
    return page(request, "accounts/plan_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.PLAN_CHANGE)
def plan_detail(request: TenantRequest, tenant_id: int, plan_id: int) -> HttpResponse:
    """Change a plan for everybody who is on it."""
    plan = plan_of(request.tenant, plan_id)
    form = PlanForm(request.POST or None, initial=_values(plan))
    if (
        form.is_valid()
        and attempt(
            form,
            change_plan,
            actor=request.actor,
            plan=plan,
            name=form.cleaned_data["name"],
            limits=form.limits(),
            left_out=form.cleaned_data["left_out"],
            trusts_forwarding=form.cleaned_data["trusts_forwarding"],
        )
        is not None
    ):
        messages.success(request, _("The plan was saved."))
        return redirect("accounts:plan-detail", tenant_id, plan_id)
    context = {"here": "plans", "form": form, "plan": plan, "usage": plan_usage(plan)}
    return page(request, "accounts/plan_form.html", context, status=422 if form.errors else 200)


@require_POST
@permission(Action.PLAN_CHANGE)
def plan_delete(request: TenantRequest, tenant_id: int, plan_id: int) -> HttpResponse:
    """Delete a plan that nobody is on."""
    plan = plan_of(request.tenant, plan_id)
    delete_plan(actor=request.actor, plan=plan)
    messages.success(request, _("The plan %(plan)s was deleted.") % {"plan": plan.name})
    return redirect("accounts:plan-list", tenant_id)


def _refuse_company(request: TenantRequest) -> None:
    if request.tenant.kind == TenantKind.COMPANY:
        raise NotFound  # a company sells nothing


def _values(plan: Plan) -> dict[str, object]:
    other = ("name", "left_out", "trusts_forwarding")
    return {field: getattr(plan, field) for field in (*other, *LIMITS)}


def _cells(rows: QuerySet[Plan]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for plan in chunk:
            yield [
                plan.name,
                plan.tenant_count,  # type: ignore[attr-defined]  # annotated by plans_of
                *(getattr(plan, field) for field in LIMIT_FIELDS),
            ]
