"""Domains: the list, adding one, its overview, its catch-all and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import MailChoiceForm
from accounts.http import TenantRequest, permission
from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import tenant_by_name
from domains.forms import (
    AliasDomainForm,
    CatchAllForm,
    DeleteDomainForm,
    DomainForm,
    MoveDomainForm,
    PoolForm,
)
from domains.models import DomainStatus
from domains.names import show_domain
from domains.selectors import (
    alias_choices,
    alias_domains_of,
    catch_all_of,
    dns_report,
    domain_counts,
    domain_of,
    domain_rows,
    filtered_domains,
    mailbox_addresses_of,
    report_of_domain,
    used_by,
)
from domains.services.delete_domain import contents_of, delete_domain
from domains.services.known_figures import known_figures
from domains.services.move_domain import move_domain, plan_move
from domains.services.register_domain import register_domain
from domains.services.set_alias_domain import end_alias_domain, make_alias_domain
from domains.services.set_catch_all import clear_catch_all, set_catch_all
from domains.services.set_domain_pool import set_domain_pool
from domains.services.suspend_domain import resume_domain, suspend_domain
from domains.services.terminate_domain import GRACE_CHOICES, restore_domain, terminate_domain
from portal.exports import batches, export, export_asked, moment_text
from portal.forms import attempt
from portal.http import page
from portal.paging import paged
from portal.sorting import sorting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponseBase

    from domains.models import Domain
    from portal.sheets.writing import Cell

COLUMNS = {"name": ("name",), "status": ("status", "name"), "created": ("created_at",)}


@require_GET
@permission(Action.DOMAIN_VIEW)
def domain_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List the tenant's domains; of a seller, those of his customers too."""
    order = sorting(request.GET, COLUMNS, default="name")
    query, shown = request.GET.get("q", "").strip()[:200], request.GET.get("show", "")
    rows = filtered_domains(request.tenant, part=query, state=shown)
    if export_asked(request):
        heads = (
            _("Domain"),
            _("State"),
            _("Mailboxes"),
            _("In use (bytes)"),
            _("Tenant"),
            _("Since"),
        )
        return export(request, _("Domains"), heads, _cells(rows.order_by(*order.order_by)))
    found = paged(rows.order_by(*order.order_by), request.GET)
    context = {
        "here": "domains",
        "page": found,
        "rows": domain_rows(found.rows),
        "sorting": order,
        "query": query,
        "shown": shown,
        "counts": domain_counts(request.tenant),
        "usage": known_figures(request.tenant),
        "limits": request.tenant.plan,
        "with_tenants": request.tenant.kind != TenantKind.COMPANY,
        "may_create": request.actor.may(Action.DOMAIN_CREATE),
        # a job deletes domains of the tenant itself, not of those below
        "may_select": request.actor.may(Action.DOMAIN_DELETE)
        and request.tenant.kind == TenantKind.COMPANY,
    }
    return page(request, "domains/domain_list.html", context, fragment="domains/_domains.html")


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.DOMAIN_CREATE)
def domain_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """First step of setting up: the name."""
    form = DomainForm(request.POST or None)
    if form.is_valid():
        domain = attempt(
            form,
            register_domain,
            actor=request.actor,
            tenant=request.tenant,
            name=form.cleaned_data["name"],
        )
        if domain is not None:
            return redirect("domains:domain-setup", tenant_id, domain.pk)
    context = {"here": "domains", "form": form, "step": 1}
    return page(request, "domains/domain_create.html", context, status=422 if form.errors else 200)


@require_GET
@permission(Action.DOMAIN_VIEW)
def domain_setup(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Next steps: the proof of ownership, then the records. The page looks again by itself."""
    domain = domain_of(request.tenant, domain_id)
    report = dns_report(domain)
    if request.GET.get("seen") == report.fingerprint:
        return HttpResponse(status=204)
    is_pending = domain.status == DomainStatus.PENDING
    context = {
        "here": "domains",
        "domain": domain,
        "shown_name": show_domain(domain.name),
        "report": report,
        "is_pending": is_pending,
        "step": 1 if is_pending else 2,
        "may_change": request.actor.may(Action.DOMAIN_CHANGE),
        "may_add_mailbox": request.actor.may(Action.MAILBOX_CREATE),
    }
    return page(request, "domains/domain_setup.html", context, fragment="domains/_setup.html")


@require_GET
@permission(Action.DOMAIN_VIEW)
def domain_detail(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Show a domain at a glance."""
    domain = domain_of(request.tenant, domain_id)
    return page(request, "domains/domain_detail.html", _detail(request, domain))


@require_POST
@permission(Action.DOMAIN_CHANGE)
def domain_alias(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Let the addresses of another domain work here too."""
    domain = domain_of(request.tenant, domain_id)
    form = AliasDomainForm(request.POST)
    if form.is_valid():
        target = form.cleaned_data["target"]
        made = attempt(form, make_alias_domain, actor=request.actor, domain=domain, target=target)
        if made is not None and made.alias_of is not None:
            messages.success(
                request,
                _("Every address of %(target)s now also works at %(domain)s.")
                % {
                    "target": show_domain(made.alias_of.name),
                    "domain": show_domain(domain.name),
                },
            )
            return redirect("domains:domain-detail", tenant_id, domain_id)
    context = _detail(request, domain) | {"alias_form": form}
    return page(request, "domains/domain_detail.html", context, status=422)


@require_POST
@permission(Action.DOMAIN_CHANGE)
def domain_alias_end(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Make the domain one of its own again."""
    domain = domain_of(request.tenant, domain_id)
    end_alias_domain(actor=request.actor, domain=domain)
    messages.success(
        request,
        _("%(domain)s has addresses of its own again.") % {"domain": show_domain(domain.name)},
    )
    return redirect("domains:domain-detail", tenant_id, domain_id)


@require_POST
@permission(Action.DOMAIN_CHANGE)
def domain_catch_all(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Choose who takes mail to unknown addresses, or refuse such mail."""
    domain = domain_of(request.tenant, domain_id)
    form = CatchAllForm(request.POST)
    if form.is_valid():
        wanted = form.cleaned_data["mailbox"].strip()
        if not wanted:
            clear_catch_all(actor=request.actor, domain=domain)
            messages.success(request, _("Mail to unknown addresses is refused."))
            return redirect("domains:domain-detail", tenant_id, domain_id)
        if attempt(form, set_catch_all, actor=request.actor, domain=domain, mailbox=wanted):
            messages.success(
                request, _("Mail to unknown addresses goes to %(address)s.") % {"address": wanted}
            )
            return redirect("domains:domain-detail", tenant_id, domain_id)
    context = _detail(request, domain) | {"catch_all_form": form}
    return page(request, "domains/domain_detail.html", context, status=422)


@require_POST
@permission(Action.DOMAIN_CHANGE)
def domain_pool(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Set the storage that all its mailboxes share."""
    domain = domain_of(request.tenant, domain_id)
    form = PoolForm(request.POST)
    saved = None
    if form.is_valid():
        saved = attempt(
            form,
            set_domain_pool,
            actor=request.actor,
            domain=domain,
            pool_bytes=form.cleaned_data["pool"],
        )
    if saved is not None:
        messages.success(request, _("Saved."))
        return redirect("domains:domain-detail", tenant_id, domain_id)
    context = _detail(request, domain) | {"pool_form": form}
    return page(request, "domains/domain_detail.html", context, status=422)


@require_POST
@permission(Action.DOMAIN_CHANGE)
def domain_suspend(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Stop the use of every mailbox in it."""
    domain = domain_of(request.tenant, domain_id)
    form = MailChoiceForm(request.POST)
    suspend_domain(
        actor=request.actor, domain=domain, refuses_mail=form.is_valid() and form.refuses_mail
    )
    messages.success(request, _("%(domain)s is suspended.") % {"domain": show_domain(domain.name)})
    return redirect("domains:domain-detail", tenant_id, domain_id)


@require_POST
@permission(Action.DOMAIN_CHANGE)
def domain_resume(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Let it be used again."""
    domain = domain_of(request.tenant, domain_id)
    resume_domain(actor=request.actor, domain=domain)
    messages.success(
        request, _("%(domain)s is served again.") % {"domain": show_domain(domain.name)}
    )
    return redirect("domains:domain-detail", tenant_id, domain_id)


@require_POST
@permission(Action.DOMAIN_DELETE)
def domain_restore(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Undo the end of a domain."""
    domain = domain_of(request.tenant, domain_id)
    restore_domain(actor=request.actor, domain=domain)
    messages.success(request, _("%(domain)s is back.") % {"domain": show_domain(domain.name)})
    return redirect("domains:domain-detail", tenant_id, domain_id)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.TENANT_CHANGE)
def domain_move(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Ask for the tenant, show what moving means, and move only when exactly this is confirmed."""
    domain = domain_of(request.tenant, domain_id)
    form = MoveDomainForm(request.POST or None)
    context = {
        "here": "domains",
        "domain": domain,
        "shown_name": show_domain(domain.name),
        "form": form,
    }
    if form.is_valid():
        target = tenant_by_name(request.actor, form.cleaned_data["tenant"])
        if target is None:
            form.add_error("tenant", _("There is no tenant of this name, or more than one."))
        elif request.POST.get("confirmed") == str(target.pk):
            if attempt(form, move_domain, actor=request.actor, domain=domain, target=target):
                messages.success(
                    request,
                    _("%(domain)s belongs to %(tenant)s now.")
                    % {"domain": show_domain(domain.name), "tenant": target.name},
                )
                return redirect("domains:domain-detail", target.pk, domain.pk)
        else:
            plan = plan_move(actor=request.actor, domain=domain, target=target)
            context |= {"plan": plan, "target": target}
    return page(request, "domains/domain_move.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.DOMAIN_DELETE)
def domain_delete(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Say what a deletion takes with it; an empty domain goes at once, others with days of grace."""
    domain = domain_of(request.tenant, domain_id)
    contents = contents_of(domain)
    form = DeleteDomainForm(request.POST or None)
    if form.is_valid():
        typed = form.cleaned_data["name"].strip().lower().removesuffix(".")
        if typed not in {domain.name, show_domain(domain.name)}:
            form.add_error("name", _("This is not the name of the domain."))
        elif contents.is_empty and attempt(form, _delete, request, domain):
            messages.success(
                request, _("%(domain)s was deleted.") % {"domain": show_domain(domain.name)}
            )
            return redirect("domains:domain-list", tenant_id)
        elif not contents.is_empty and attempt(form, _end, request, domain, form.days):
            words = (
                _("%(domain)s has ended. You can undo it until the day shown.")
                if form.days
                else _("%(domain)s has ended and is being deleted for good.")
            )
            messages.success(request, words % {"domain": show_domain(domain.name)})
            return redirect("domains:domain-detail", tenant_id, domain_id)
    context = {
        "here": "domains",
        "domain": domain,
        "shown_name": show_domain(domain.name),
        "contents": contents,
        "report": report_of_domain(request.tenant, domain),
        "form": form,
        "choices": GRACE_CHOICES,
    }
    return page(request, "domains/domain_delete.html", context, status=422 if form.errors else 200)


def _delete(request: TenantRequest, domain: Domain) -> bool:
    delete_domain(actor=request.actor, domain=domain)
    return True


def _end(request: TenantRequest, domain: Domain, days: int) -> bool:
    terminate_domain(actor=request.actor, domain=domain, grace_days=days)
    return True


def _detail(request: TenantRequest, domain: Domain) -> dict[str, object]:
    catch_all = catch_all_of(domain)
    return {
        "here": "domains",
        "domain": domain,
        "shown_name": show_domain(domain.name),
        "tab": "overview",
        "contents": contents_of(domain),
        "alias_domains": alias_domains_of(domain),
        "alias_form": AliasDomainForm(),
        "alias_choices": alias_choices(request.tenant, domain),
        "catch_all": catch_all,
        "catch_all_form": CatchAllForm(initial={"mailbox": catch_all}),
        "options": mailbox_addresses_of(request.tenant).filter(domain=domain)[:50],
        "may_change": request.actor.may(Action.DOMAIN_CHANGE),
        "may_delete": request.actor.may(Action.DOMAIN_DELETE),
        "may_add_mailbox": request.actor.may(Action.MAILBOX_CREATE),
        "pool_used": used_by(domain),
        "pool_form": PoolForm(initial={"pool": domain.pool_bytes}),
        "may_move": request.actor.may(Action.TENANT_CHANGE),
        "suspend_form": MailChoiceForm(
            initial={"mail": MailChoiceForm.REFUSE if domain.refuses_mail else MailChoiceForm.KEEP}
        ),
    }


def _cells(rows: QuerySet[Domain]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for row in domain_rows(chunk):
            yield [
                row.shown_name,
                str(row.domain.get_status_display()),
                row.mailboxes,
                row.used_bytes,
                row.domain.tenant.name,
                moment_text(row.domain.created_at),
            ]
