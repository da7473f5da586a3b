"""Tenants below one's own: the list, a new one, its plan, and stopping or resuming it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import (
    EndTenantForm,
    SuspendForm,
    TenantForm,
    TenantPlanForm,
    TenantSettingsForm,
)
from accounts.http import TenantRequest, permission
from accounts.models import Plan, Tenant, TenantKind, TenantStatus
from accounts.roles import Action
from accounts.selectors import (
    counted_tenant,
    customers_of,
    limits_of,
    people_rows,
    plans_of,
    tenant_below,
    tenant_counts,
    tenant_rows,
)
from accounts.services.change_tenant import change_tenant, change_tenant_plan
from accounts.services.open_tenant import open_tenant
from accounts.services.suspend_tenant import resume_tenant, suspend_tenant
from accounts.services.terminate_tenant import GRACE_CHOICES, restore_tenant, terminate_tenant
from accounts.views.dashboard import plan_meters
from portal.errors import NotFound
from portal.exports import batches, export, export_asked, moment_text
from portal.forms import attempt
from portal.http import page
from portal.paging import paged
from portal.sorting import sorting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import QuerySet
    from django.http import HttpResponse, HttpResponseBase

    from portal.sheets.writing import Cell

PEOPLE_SHOWN = 6  # of those with a role, on the page of a tenant below
COLUMNS = {
    "name": ("name",),
    "plan": ("plan__name", "name"),
    "status": ("status", "name"),
    "created": ("created_at",),
}


@require_GET
@permission(Action.TENANT_VIEW)
def tenant_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List the tenants below."""
    tenant = _seller(request.tenant)
    order = sorting(request.GET, COLUMNS, default="name")
    query, shown = request.GET.get("q", "").strip()[:200], request.GET.get("show", "")
    rows = tenant_rows(tenant, query=query, shown=shown).order_by(*order.order_by)
    if export_asked(request):
        heads = (
            _("Name"),
            _("Kind"),
            _("Plan"),
            _("State"),
            _("Domains"),
            _("Mailboxes"),
            _("Since"),
        )
        return export(request, _("Tenants"), heads, _cells(rows))
    found = paged(rows, request.GET)
    context = {
        "here": "tenants",
        "page": found,
        "own": _own(request, found.rows, query=query, shown=shown),
        "sorting": order,
        "query": query,
        "shown": shown,
        "counts": tenant_counts(tenant),
        "may_create": request.actor.may(Action.TENANT_CREATE),
    }
    return page(request, "accounts/tenant_list.html", context, fragment="accounts/_tenants.html")


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.TENANT_CREATE)
def tenant_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Open a reseller or company and invite its admin."""
    tenant = _seller(request.tenant)
    plans = list(plans_of(tenant))
    form = TenantForm(request.POST or None, plans=plans)
    if form.is_valid():
        data = form.cleaned_data
        opened = attempt(
            form,
            open_tenant,
            actor=request.actor,
            parent=tenant,
            kind=TenantKind(data["kind"]),
            name=data["name"],
            plan=form.chosen_plan,
            admin_email=data["admin_email"],
            admin_name=data["admin_name"],
            language=data["language"],
        )
        if opened is not None:
            child, link = opened
            context = {"here": "tenants", "child": child, "link": link}
            return page(request, "accounts/tenant_opened.html", context)
    context = {"here": "tenants", "form": form, "plans": plans}
    return page(request, "accounts/tenant_form.html", context, status=422 if form.errors else 200)


@require_GET
@permission(Action.TENANT_VIEW)
def tenant_detail(request: TenantRequest, tenant_id: int, child_id: int) -> HttpResponse:
    """Show one tenant below."""
    child = tenant_below(request.tenant, child_id)
    return page(request, "accounts/tenant_detail.html", _detail(request, child))


@require_POST
@permission(Action.TENANT_CHANGE)
def tenant_plan(request: TenantRequest, tenant_id: int, child_id: int) -> HttpResponse:
    """Put a tenant below on another plan."""
    child = tenant_below(request.tenant, child_id)
    form = TenantPlanForm(request.POST, plans=_plans_for(child))
    if (
        form.is_valid()
        and attempt(
            form, change_tenant_plan, actor=request.actor, tenant=child, plan=form.chosen_plan
        )
        is not None
    ):
        messages.success(request, _("The plan was changed."))
        return redirect("accounts:tenant-detail", tenant_id, child_id)
    context = _detail(request, child) | {"plan_form": form}
    return page(request, "accounts/tenant_detail.html", context, status=422)


@require_POST
@permission(Action.TENANT_CHANGE)
def tenant_suspend(request: TenantRequest, tenant_id: int, child_id: int) -> HttpResponse:
    """Stop serving a tenant below."""
    child = tenant_below(request.tenant, child_id)
    form = SuspendForm(request.POST)
    if not form.is_valid():
        context = _detail(request, child) | {"suspend_form": form}
        return page(request, "accounts/tenant_detail.html", context, status=422)
    suspend_tenant(
        actor=request.actor,
        tenant=child,
        reason=form.cleaned_data["reason"],
        refuses_mail=form.refuses_mail,
    )
    messages.success(request, _("%(tenant)s is suspended.") % {"tenant": child.name})
    return redirect("accounts:tenant-detail", tenant_id, child_id)


@require_POST
@permission(Action.TENANT_CHANGE)
def tenant_resume(request: TenantRequest, tenant_id: int, child_id: int) -> HttpResponse:
    """Serve a tenant below again."""
    child = tenant_below(request.tenant, child_id)
    resume_tenant(actor=request.actor, tenant=child)
    messages.success(request, _("%(tenant)s is served again.") % {"tenant": child.name})
    return redirect("accounts:tenant-detail", tenant_id, child_id)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.TENANT_CHANGE)
def tenant_end(request: TenantRequest, tenant_id: int, child_id: int) -> HttpResponse:
    """Say what the end of a tenant means, ask for the days of grace, then begin."""
    child = counted_tenant(request.tenant, child_id)
    form = EndTenantForm(request.POST or None, tenant=child)
    if form.is_valid():
        data = form.cleaned_data
        ended = attempt(
            form,
            terminate_tenant,
            actor=request.actor,
            tenant=child,
            grace_days=data["grace_days"],
            reason=data["reason"],
        )
        if ended is not None:
            words = (
                _("%(tenant)s has ended. You can undo it until the day shown.")
                if data["grace_days"]
                else _("%(tenant)s has ended and is being deleted for good.")
            )
            messages.success(request, words % {"tenant": child.name})
            return redirect("accounts:tenant-detail", tenant_id, child_id)
    context = {
        "here": "tenants",
        "child": child,
        "form": form,
        "choices": GRACE_CHOICES,
    }
    return page(request, "accounts/tenant_end.html", context, status=422 if form.errors else 200)


@require_POST
@permission(Action.TENANT_CHANGE)
def tenant_restore(request: TenantRequest, tenant_id: int, child_id: int) -> HttpResponse:
    """Undo the end of a tenant."""
    child = tenant_below(request.tenant, child_id)
    restore_tenant(actor=request.actor, tenant=child)
    messages.success(request, _("%(tenant)s is back.") % {"tenant": child.name})
    return redirect("accounts:tenant-detail", tenant_id, child_id)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.TENANT_SETTINGS)
def tenant_settings(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Show and change the name, language and zone of the tenant one acts in."""
    form = TenantSettingsForm(
        request.POST or None,
        tenant=request.tenant,
        is_own=request.actor.via is None and request.actor.acting_as is None,
    )
    if (
        form.is_valid()
        and attempt(
            form, change_tenant, actor=request.actor, tenant=request.tenant, **form.cleaned_data
        )
        is not None
    ):
        messages.success(request, _("Saved."))
        return redirect("accounts:tenant-settings", tenant_id)
    context = {
        "here": "settings",
        "form": form,
        "limits": limits_of(request.tenant),
        "meters": plan_meters(request.tenant, request.actor),
    }
    return page(
        request, "accounts/tenant_settings.html", context, status=422 if form.errors else 200
    )


def _seller(tenant: Tenant) -> Tenant:
    if tenant.kind == TenantKind.COMPANY:
        raise NotFound  # a company holds no tenants
    return tenant


def _own(
    request: TenantRequest, rows: Sequence[Tenant], *, query: str, shown: str
) -> dict[str, object]:
    """Return which of `rows` one may put on another plan at once, and how many match in all."""
    if not request.actor.may(Action.TENANT_CHANGE):
        return {"rows": [], "total": 0}
    own = [t for t in rows if t.parent_id == request.tenant.pk and t.status != TenantStatus.PURGED]
    total = customers_of(request.tenant, query=query, shown=shown).count()
    return {"rows": own, "total": total}


def _plans_for(child: Tenant) -> list[Plan]:
    return list(plans_of(child.parent)) if child.parent else []


def _detail(request: TenantRequest, child: Tenant) -> dict[str, object]:
    plans = _plans_for(child)
    return {
        "here": "tenants",
        "child": child,
        "limits": limits_of(child),
        "meters": plan_meters(child, request.actor),
        "people": list(people_rows(child, only_roles=True).order_by("name", "pk")[:PEOPLE_SHOWN])
        if child.status != TenantStatus.PURGED
        else [],
        "plan_form": TenantPlanForm(plans=plans, initial={"plan": child.plan_id}),
        "suspend_form": SuspendForm(
            initial={"mail": SuspendForm.REFUSE if child.refuses_mail else SuspendForm.KEEP}
        ),
        "may_change": request.actor.may(Action.TENANT_CHANGE)
        and child.status != TenantStatus.PURGED,
    }


def _cells(rows: QuerySet[Tenant]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for child in chunk:
            yield [
                child.name,
                str(child.get_kind_display()),
                child.plan.name if child.plan else "",
                str(child.get_status_display()),
                child.domain_count,  # type: ignore[attr-defined]  # annotated by tenant_rows
                child.mailbox_count,  # type: ignore[attr-defined]  # annotated by tenant_rows
                moment_text(child.created_at),
            ]
