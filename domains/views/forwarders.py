"""Forwarders: the list, a new one, its targets and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from domains.forms import ForwarderForm, ForwarderTargetsForm
from domains.selectors import (
    forwarder_of,
    forwarders_of,
    report_of_forwarder,
    targets_outside,
    waiting_forwarders,
)
from domains.services.known_figures import known_figures
from domains.services.set_forwarder import change_forwarder, create_forwarder, delete_forwarder
from domains.views.consents import tell_of_letters
from portal.exports import batches, export, export_asked, moment_text
from portal.forms import attempt
from portal.http import page
from portal.paging import paged
from portal.sorting import sorting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponse, HttpResponseBase

    from domains.models import Forwarder
    from portal.sheets.writing import Cell

COLUMNS = {"address": ("address__email",), "created": ("created_at",)}


@require_GET
@permission(Action.FORWARDER_VIEW)
def forwarder_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List the forwarders."""
    order = sorting(request.GET, COLUMNS, default="address")
    query = request.GET.get("q", "").strip()[:200]
    rows = forwarders_of(request.tenant, part=query).order_by(*order.order_by)
    if export_asked(request):
        heads = (
            _("Address"),
            pgettext("column of an import", "Delivers to"),
            _("Switched on"),
            _("Since"),
        )
        return export(request, _("Forwarders"), heads, _cells(rows))
    usage = known_figures(request.tenant)
    shown = paged(rows, request.GET, total=None if query else usage.listed_forwarders)
    context = {
        "here": "forwarders",
        "page": shown,
        "waiting": waiting_forwarders(request.tenant, shown.rows),
        "sorting": order,
        "query": query,
        "usage": usage,
        "limits": request.tenant.plan,
        "may_change": request.actor.may(Action.FORWARDER_CHANGE),
        "may_select": request.actor.may(Action.FORWARDER_CHANGE),
    }
    return page(
        request, "domains/forwarder_list.html", context, fragment="domains/_forwarders.html"
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.FORWARDER_CHANGE)
def forwarder_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Make a forwarder."""
    form = ForwarderForm(
        request.POST or None,
        tenant=request.tenant,
        initial={"domain": request.GET.get("domain", "")},
    )
    if form.is_valid():
        forwarder = attempt(
            form,
            create_forwarder,
            actor=request.actor,
            domain=form.chosen_domain,
            localpart=form.cleaned_data["localpart"],
            targets=form.cleaned_data["targets"],
        )
        if forwarder is not None:
            messages.success(
                request, _("%(address)s is ready.") % {"address": forwarder.address.email}
            )
            tell_of_letters(request, _emails(forwarder))
            return redirect("domains:forwarder-list", tenant_id)
    context = {"here": "forwarders", "form": form}
    return page(request, "domains/forwarder_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.FORWARDER_CHANGE)
def forwarder_change(request: TenantRequest, tenant_id: int, forwarder_id: int) -> HttpResponse:
    """Change where a forwarder passes mail on to."""
    forwarder = forwarder_of(request.tenant, forwarder_id)
    form = ForwarderTargetsForm(
        request.POST or None,
        initial={
            "targets": _emails(forwarder),
            "is_enabled": forwarder.is_enabled,
        },
    )
    if form.is_valid():
        changed = attempt(
            form,
            change_forwarder,
            actor=request.actor,
            forwarder=forwarder,
            targets=form.cleaned_data["targets"],
            is_enabled=form.cleaned_data["is_enabled"],
        )
        if changed is not None:
            messages.success(request, _("Saved."))
            tell_of_letters(request, _emails(changed))
            return redirect("domains:forwarder-list", tenant_id)
    context = {
        "here": "forwarders",
        "form": form,
        "forwarder": forwarder,
        "targets": targets_outside(request.tenant, _emails(forwarder)),
        "ask_url": reverse("domains:forwarder-ask", args=[tenant_id, forwarder_id]),
    }
    return page(request, "domains/forwarder_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.FORWARDER_CHANGE)
def forwarder_delete(request: TenantRequest, tenant_id: int, forwarder_id: int) -> HttpResponse:
    """Say what points to it, then free the address of a forwarder."""
    forwarder = forwarder_of(request.tenant, forwarder_id)
    if request.method != "POST":
        context = {
            "here": "forwarders",
            "email": forwarder.address.email,
            "list_url": "domains:forwarder-list",
            "list_words": _("Forwarders"),
            "report": report_of_forwarder(request.tenant, forwarder),
        }
        return page(request, "domains/address_delete.html", context)
    delete_forwarder(actor=request.actor, forwarder=forwarder)
    messages.success(request, _("%(address)s was deleted.") % {"address": forwarder.address.email})
    return redirect("domains:forwarder-list", tenant_id)


def _emails(forwarder: Forwarder) -> list[str]:
    return [target.email for target in forwarder.targets.all()]


def _cells(rows: QuerySet[Forwarder]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for row in chunk:
            switched = _("yes") if row.is_enabled else _("no")
            yield [row.address.email, " ".join(_emails(row)), switched, moment_text(row.created_at)]
