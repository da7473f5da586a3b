"""Mailboxes: the list and opening a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.http import TenantRequest, permission
from accounts.models import TenantKind
from accounts.roles import Action
from domains.columns import LABELS, Column
from domains.forms import MailboxForm, is_id
from domains.names import show_domain, suggest_localpart
from domains.selectors import (
    MAX_FOUND,
    domains_within,
    filtered_mailboxes,
    mailbox_addresses_of,
    mailbox_rows,
)
from domains.services.check_quota import largest_quota, offered_quota
from domains.services.known_figures import known_figures
from domains.services.provision_mailbox import Provisioned, provision_mailbox
from portal.exports import batches, export, export_asked, moment_text
from portal.forms import attempt
from portal.http import page
from portal.paging import paged
from portal.sorting import sorting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponse, HttpResponseBase

    from domains.models import Domain, Mailbox
    from portal.sheets.writing import Cell

COLUMNS = {
    "address": ("address__email",),
    "name": ("name",),
    "status": ("status", "address__email"),
    "usage": ("usage__bytes",),
    "created": ("created_at",),
}
OPTIONS = 12


@require_GET
@permission(Action.MAILBOX_VIEW)
def mailbox_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List the tenant's mailboxes; of a seller, those of his customers too."""
    order = sorting(request.GET, COLUMNS, default="address")
    query, shown = request.GET.get("q", "").strip()[:200], request.GET.get("show", "")
    domain = _domain_asked(request)
    domain_id = domain.pk if domain else 0
    rows = filtered_mailboxes(
        request.tenant,
        part=query,
        state=shown,
        domain_id=domain_id,
        most=None if export_asked(request) else MAX_FOUND,
    )
    if export_asked(request):
        return export(request, _("Mailboxes"), _heads(), _cells(rows.order_by(*order.order_by)))
    counts = known_figures(request.tenant, domain_id=domain_id)
    found = paged(
        rows.order_by(*order.order_by), request.GET, total=None if query else counts.of_state(shown)
    )
    context = {
        "here": "mailboxes",
        "page": found,
        "rows": mailbox_rows(found.rows),
        "sorting": order,
        "query": query,
        "shown": shown,
        "domain": domain,
        "shown_name": show_domain(domain.name) if domain else "",
        "tab": "mailboxes",
        "counts": counts,
        "cut_at": MAX_FOUND if query and found.total >= MAX_FOUND else 0,
        "limits": None if domain else request.tenant.plan,
        "has_domains": counts.domains > 0,
        "with_tenants": request.tenant.kind != TenantKind.COMPANY,
        "may_create": request.actor.may(Action.MAILBOX_CREATE),
        "may_change": request.actor.may(Action.MAILBOX_CHANGE),
        "may_reset": request.actor.may(Action.PASSWORD_RESET),
        "may_select": request.actor.may(Action.MAILBOX_CHANGE)
        or request.actor.may(Action.PASSWORD_RESET),
        "may_import": request.actor.may(Action.MAILBOX_CREATE),
    }
    return page(request, "domains/mailbox_list.html", context, fragment="domains/_mailboxes.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.MAILBOX_CREATE)
def mailbox_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Create a mailbox; the link for its owner is shown once."""
    tenant = request.tenant
    largest = largest_quota(tenant)
    form = MailboxForm(
        request.POST or None,
        tenant=tenant,
        initial={
            "domain": request.GET.get("domain", ""),
            "quota": offered_quota(largest),
            "entry": MailboxForm.LINK,
        },
    )
    context: dict[str, Any] = {"here": "mailboxes", "form": form, "largest": largest}
    if form.is_valid():
        opened = attempt(form, _open, request, form)
        if opened is not None and opened.link is not None:
            return page(
                request,
                "domains/mailbox_opened.html",
                context | {"opened": opened, "link": opened.link},
            )
        if opened is not None:
            messages.success(
                request, _("%(address)s is open.") % {"address": opened.mailbox.address.email}
            )
            return redirect("domains:mailbox-detail", tenant_id, opened.mailbox.pk)
    context |= {"counts": known_figures(tenant), "limits": tenant.plan}
    return page(request, "domains/mailbox_create.html", context, status=422 if form.errors else 200)


@require_GET
@permission(Action.MAILBOX_VIEW)
def mailbox_options(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Return addresses that contain what was typed, as options of a list."""
    part = request.GET.get("part", "").strip().lower()[:100]
    found = mailbox_addresses_of(request.tenant)
    if part:
        found = found.filter(email__contains=part)
    return page(request, "domains/_options.html", {"options": found[:OPTIONS]})


def _open(request: TenantRequest, form: MailboxForm) -> Provisioned:
    data = form.cleaned_data
    by_password = data["entry"] == MailboxForm.PASSWORD
    return provision_mailbox(
        actor=request.actor,
        domain=form.chosen_domain,
        localpart=data["localpart"] or suggest_localpart(data["name"]),
        name=data["name"],
        quota_bytes=data["quota"] or 0,
        password=data["password"] if by_password else None,
        invite_email=data["invite_email"] if data["entry"] == MailboxForm.LINK else "",
        shared=data["entry"] == MailboxForm.SHARED,
    )


def _domain_asked(request: TenantRequest) -> Domain | None:
    asked = request.GET.get("domain", "")
    if not is_id(asked):
        return None
    return domains_within(request.tenant).filter(pk=int(asked)).first()


def _heads() -> tuple[object, ...]:
    """Return headings that an import of the same file understands."""
    known = (Column.ADDRESS, Column.NAME, Column.QUOTA, Column.ALIASES)
    more = (_("In use (bytes)"), _("State"), _("Last sign-in"), _("Since"))
    return (*(LABELS[column] for column in known), *more)


def _cells(rows: QuerySet[Mailbox]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for row in mailbox_rows(chunk):
            quota = f"{row.mailbox.quota_bytes / 10**9:.9g} GB" if row.mailbox.quota_bytes else ""
            yield [
                row.email,
                row.mailbox.name,
                quota,
                " ".join(row.aliases),
                row.used_bytes,
                str(row.mailbox.get_status_display()),
                moment_text(row.last_sign_in_at),
                moment_text(row.mailbox.created_at),
            ]
