"""Aliases: the list, a new one, its targets and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from domains.forms import AliasForm, AliasTargetsForm
from domains.names import RESERVED_LOCALPARTS
from domains.selectors import alias_of, aliases_of, report_of_alias
from domains.services.known_figures import known_figures
from domains.services.set_alias import change_alias, create_alias, delete_alias
from portal.exports import batches, export, export_asked, moment_text
from portal.forms import attempt
from portal.http import page
from portal.paging import paged
from portal.sorting import sorting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponse, HttpResponseBase

    from domains.models import Alias
    from portal.sheets.writing import Cell

COLUMNS = {"address": ("address__email",), "created": ("created_at",)}


@require_GET
@permission(Action.ALIAS_VIEW)
def alias_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List the aliases."""
    order = sorting(request.GET, COLUMNS, default="address")
    query = request.GET.get("q", "").strip()[:200]
    rows = aliases_of(request.tenant, part=query).order_by(*order.order_by)
    if export_asked(request):
        heads = (
            _("Address"),
            pgettext("column of an import", "Delivers to"),
            _("Switched on"),
            _("Since"),
        )
        return export(request, _("Aliases"), heads, _cells(rows))
    usage = known_figures(request.tenant)
    context = {
        "here": "aliases",
        "page": paged(rows, request.GET, total=None if query else usage.listed_aliases),
        "sorting": order,
        "query": query,
        "usage": usage,
        "limits": request.tenant.plan,
        "reserved": RESERVED_LOCALPARTS,
        "may_change": request.actor.may(Action.ALIAS_CHANGE),
        "may_select": request.actor.may(Action.ALIAS_CHANGE),
    }
    return page(request, "domains/alias_list.html", context, fragment="domains/_aliases.html")


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.ALIAS_CHANGE)
def alias_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Make an alias."""
    given = {name: request.GET.get(name, "") for name in ("domain", "mailboxes")}
    form = AliasForm(request.POST or None, tenant=request.tenant, initial=given)
    if form.is_valid():
        alias = attempt(
            form,
            create_alias,
            actor=request.actor,
            domain=form.chosen_domain,
            localpart=form.cleaned_data["localpart"],
            mailboxes=form.cleaned_data["mailboxes"],
        )
        if alias is not None:
            messages.success(request, _("%(address)s is ready.") % {"address": alias.address.email})
            return redirect("domains:alias-list", tenant_id)
    context = {"here": "aliases", "form": form}
    return page(request, "domains/alias_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.ALIAS_CHANGE)
def alias_change(request: TenantRequest, tenant_id: int, alias_id: int) -> HttpResponse:
    """Change where an alias delivers."""
    alias = alias_of(request.tenant, alias_id)
    form = AliasTargetsForm(
        request.POST or None,
        initial={
            "mailboxes": [target.address.email for target in alias.targets.all()],
            "is_enabled": alias.is_enabled,
        },
    )
    is_reserved = alias.address.localpart in RESERVED_LOCALPARTS
    if form.is_valid() and (
        attempt(
            form,
            change_alias,
            actor=request.actor,
            alias=alias,
            mailboxes=form.cleaned_data["mailboxes"],
            is_enabled=form.cleaned_data["is_enabled"] or is_reserved,
        )
        is not None
    ):
        messages.success(request, _("Saved."))
        return redirect("domains:alias-list", tenant_id)
    context = {"here": "aliases", "form": form, "alias": alias, "is_reserved": is_reserved}
    return page(request, "domains/alias_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.ALIAS_CHANGE)
def alias_delete(request: TenantRequest, tenant_id: int, alias_id: int) -> HttpResponse:
    """Say what points to it, then free the address of an alias."""
    alias = alias_of(request.tenant, alias_id)
    if request.method != "POST":
        context = {
            "here": "aliases",
            "email": alias.address.email,
            "list_url": "domains:alias-list",
            "list_words": _("Aliases"),
            "report": report_of_alias(request.tenant, alias),
        }
        return page(request, "domains/address_delete.html", context)
    delete_alias(actor=request.actor, alias=alias)
    messages.success(request, _("%(address)s was deleted.") % {"address": alias.address.email})
    return redirect("domains:alias-list", tenant_id)


def _cells(rows: QuerySet[Alias]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for row in chunk:
            targets = [t.address.email for t in row.targets.all()]
            switched = _("yes") if row.is_enabled else _("no")
            yield [row.address.email, " ".join(targets), switched, moment_text(row.created_at)]
