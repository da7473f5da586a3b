"""The DNS page of a domain: what to publish beside what is there, checks, and the zone file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.http import TenantRequest, permission
from accounts.models import TenantKind
from accounts.roles import Action
from domains.dns.records import zone_file
from domains.dns.words import title
from domains.forms import DnsChangesForm, MtaStsForm
from domains.models import DomainStatus, StsMode
from domains.names import show_domain
from domains.selectors import (
    day_or_yesterday,
    dns_change_counts,
    dns_changes,
    dns_checks,
    dns_report,
    domain_by_token,
    domain_of,
    expected_records,
)
from domains.services.request_dns_check import request_dns_check
from domains.services.set_mta_sts import set_mta_sts
from domains.services.start_rotation import cancel_rotation, start_rotation
from portal.config import stack
from portal.exports import batches, export, export_asked, moment_text
from portal.forms import attempt
from portal.http import page
from portal.paging import paged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponseBase

    from domains.models import DnsChange, Domain
    from domains.selectors import DnsReport
    from portal.sheets.writing import Cell

SALT = "domains.dns-shared"
SHARED_DAYS = 7
QUIET_SECONDS = 20  # nobody waits; the clock looks again by itself now and then


@require_GET
@permission(Action.DOMAIN_VIEW)
def domain_dns(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Show every record; while a check runs, the page asks for its own newer state."""
    domain = domain_of(request.tenant, domain_id)
    report = dns_report(domain)
    if request.GET.get("seen") == _marker(report):
        return HttpResponse(status=204)
    context = _context(domain, report) | {"may_change": request.actor.may(Action.DOMAIN_CHANGE)}
    return page(request, "domains/domain_dns.html", context, fragment="domains/_dns.html")


@require_POST
@permission(Action.DOMAIN_VIEW)
def dns_check(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Look at the DNS now."""
    domain = domain_of(request.tenant, domain_id)
    request_dns_check(actor=request.actor, domain=domain)
    wizard = request.POST.get("from") == "setup"
    return redirect(
        "domains:domain-setup" if wizard else "domains:domain-dns", tenant_id, domain_id
    )


@require_POST
@permission(Action.DOMAIN_CHANGE)
def domain_mta_sts(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Choose what the MTA-STS policy asks of other servers."""
    domain = domain_of(request.tenant, domain_id)
    form = MtaStsForm(request.POST)
    if form.is_valid():
        mode = StsMode(form.cleaned_data["mode"])
        before = domain.mta_sts_mode
        if attempt(form, set_mta_sts, actor=request.actor, domain=domain, mode=mode):
            if mode == before:
                messages.info(request, _("Nothing was changed."))
            elif mode == StsMode.NONE:
                words = _("The policy asks for nothing any more. Take its records out of the DNS.")
                messages.success(request, words)
            else:
                words = _("The policy is served from now on. Publish its new id.")
                messages.success(request, words)
            return redirect("domains:domain-dns", tenant_id, domain_id)
    context = _context(domain, dns_report(domain)) | {"sts_form": form, "may_change": True}
    return page(request, "domains/domain_dns.html", context, status=422)


@require_POST
@permission(Action.DOMAIN_CHANGE)
def key_rotate(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Start the change of the DKIM key."""
    domain = domain_of(request.tenant, domain_id)
    rotation = start_rotation(actor=request.actor, domain=domain)
    words = _("There is a new key. Mail is signed with %(selector)s until its record was seen.")
    messages.success(request, words % {"selector": rotation.from_selector})
    return redirect("domains:domain-dns", tenant_id, domain_id)


@require_POST
@permission(Action.DOMAIN_CHANGE)
def key_rotate_cancel(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Leave signing as it is."""
    domain = domain_of(request.tenant, domain_id)
    rotation = cancel_rotation(actor=request.actor, domain=domain)
    words = _("Nothing changes: mail goes on being signed with %(selector)s.")
    messages.success(request, words % {"selector": rotation.from_selector})
    return redirect("domains:domain-dns", tenant_id, domain_id)


@require_GET
@permission(Action.DOMAIN_VIEW)
def dns_history(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """List every change that is still remembered, newest first."""
    domain = domain_of(request.tenant, domain_id)
    context = {
        "here": "domains",
        "domain": domain,
        "shown_name": show_domain(domain.name),
        "tab": "dns",
        "page": paged(dns_checks(domain), request.GET),
    }
    return page(request, "domains/dns_history.html", context)


@require_GET
@permission(Action.DOMAIN_VIEW)
def dns_changed(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List what changed in all domains since yesterday, or a day chosen; of a seller, below him too."""
    form = DnsChangesForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    since = day_or_yesterday(wanted.get("since"))
    part, shown = wanted.get("q") or "", wanted.get("show") or ""
    rows = dns_changes(request.tenant, since=since, part=part, state=shown)
    if export_asked(request):
        heads = (
            _("Time"),
            _("Domain"),
            _("Tenant"),
            _("Record"),
            _("Before"),
            _("After"),
            _("Confirmed"),
        )
        return export(request, _("DNS changes"), heads, _cells(rows))
    counts = dns_change_counts(request.tenant, since=since, part=part)
    context = {
        "here": "domains",
        "page": paged(rows, request.GET, total=counts.get(shown or "all", counts["all"])),
        "counts": counts,
        "form": form,
        "since": since,
        "query": part,
        "shown": shown,
        "with_tenants": request.tenant.kind != TenantKind.COMPANY,
    }
    return page(request, "domains/dns_changed.html", context, fragment="domains/_dns_changed.html")


@require_GET
@permission(Action.DOMAIN_VIEW)
def zone_file_download(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Return the records as a file that DNS providers import."""
    return _zone(domain_of(request.tenant, domain_id))


@never_cache
@require_POST
@permission(Action.DOMAIN_CHANGE)
def dns_share(request: TenantRequest, tenant_id: int, domain_id: int) -> HttpResponse:
    """Make a link to a page for whoever manages the DNS; it shows the records and nothing else."""
    domain = domain_of(request.tenant, domain_id)
    token = signing.dumps([domain.pk, domain.ownership_token[:8]], salt=SALT)
    link = stack().url + reverse("domains:dns-shared", args=[token])
    context = _context(domain, dns_report(domain)) | {"share_link": link, "may_change": True}
    return page(request, "domains/domain_dns.html", context)


@require_GET
def dns_shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show a domain's records to somebody without an account, for seven days."""
    domain = domain_by_token(token, salt=SALT, max_age=SHARED_DAYS * 86400)
    if request.GET.get("file") == "zone":
        return _zone(domain)
    report = dns_report(domain)
    if request.GET.get("seen") == report.fingerprint:
        return HttpResponse(status=204)
    context = {"domain": domain, "shown_name": show_domain(domain.name), "report": report}
    response = page(
        request, "domains/dns_shared.html", context, fragment="domains/_shared_records.html"
    )
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _marker(report: DnsReport) -> str:
    """Change whenever the page would: also when a check starts or ends without news."""
    latest = report.latest.pk if report.latest else 0
    running = report.running.pk if report.running else 0
    return f"{report.fingerprint}-{latest}-{running}"


def _context(domain: Domain, report: DnsReport) -> dict[str, object]:
    is_pending = domain.status == DomainStatus.PENDING
    is_waited_for = is_pending or report.new_key is not None
    return {
        "here": "domains",
        "domain": domain,
        "shown_name": show_domain(domain.name),
        "tab": "dns",
        "report": report,
        "marker": _marker(report),
        "is_pending": is_pending,
        "look_again_seconds": 1 if report.running else 5 if is_waited_for else QUIET_SECONDS,
        "state": _state(domain, report),
        "shared_days": SHARED_DAYS,
        "sts_form": MtaStsForm(initial={"mode": domain.mta_sts_mode}),
    }


def _state(domain: Domain, report: DnsReport) -> tuple[str, str, str, str]:
    """Return tone, words, icon and class of the badge beside the name."""
    if domain.status == DomainStatus.PENDING:
        return "info", _("Waiting for proof of ownership"), "clock", ""
    if report.latest is None:
        return "neutral", _("Not checked yet"), "clock", ""
    if not report.receives:
        return "danger", _("Mail does not arrive here yet"), "x-circle", ""
    if not report.sends_well:
        return "warning", _("Receives mail; sending is not trustworthy yet"), "warning", ""
    return "success", _("Receives and sends as it should"), "check-circle", ""


def _zone(domain: Domain) -> HttpResponse:
    response = HttpResponse(
        zone_file(domain.name, expected_records(domain)), content_type="text/dns; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{domain.name}.zone"'
    return response


def _cells(rows: QuerySet[DnsChange]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for row in chunk:
            yield [
                moment_text(row.at),
                show_domain(row.domain.name),
                row.domain.tenant.name,
                title(row.record),
                row.get_before_display(),
                row.get_after_display(),
                moment_text(row.check_row.confirmed_at),
            ]
