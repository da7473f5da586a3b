"""What mail programs and mail hosts fetch by themselves; nobody signs in, and nobody learns who has a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from domains.clients import outlook, pacc, sts, thunderbird
from domains.names import NameRefused, parse_address, parse_domain_name
from domains.selectors.clients import account_at, hosted_domain
from portal.config import stack
from portal.hosts import host_of, is_own

if TYPE_CHECKING:
    from django.http import HttpRequest

    from domains.selectors.clients import HostedDomain

_AN_HOUR = "public, max-age=3600"
POX_PATH = "/autodiscover/autodiscover.xml"


@require_GET
def autoconfig(request: HttpRequest) -> HttpResponse:
    """Answer Thunderbird and its relatives."""
    domain = _asked_for(request, request.GET.get("emailaddress", ""))
    if domain is None:
        return _nothing()
    return HttpResponse(
        thunderbird.config(account_at(domain)),
        content_type="text/xml; charset=utf-8",
        headers={"Cache-Control": _AN_HOUR},
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def autodiscover(request: HttpRequest) -> HttpResponse:
    """Answer Outlook's XML request. GET without TLS is how it asks where to go with TLS."""
    if request.method != "POST":
        return _over_tls()
    if int(request.META.get("CONTENT_LENGTH") or 0) > outlook.MAX_REQUEST_BYTES:
        return HttpResponse(status=413)
    try:
        question = outlook.read_question(request.body)
    except outlook.Unreadable:
        return HttpResponse("The request cannot be read.\n", "text/plain", status=400)
    domain = _asked_for(request, question.address) if question.address else None
    if domain is None:
        return _pox(outlook.refusal(outlook.BAD_REQUEST, timezone.now()))
    if question.schema != outlook.OUTLOOK:
        return _pox(outlook.refusal(outlook.NO_PROVIDER, timezone.now()))
    address = str(parse_address(question.address))
    return _pox(outlook.settings(account_at(domain), address))


@require_GET
def autodiscover_json(request: HttpRequest, email: str = "") -> HttpResponse:
    """Tell newer Outlooks where the XML exchange is (autodiscover v2)."""
    domain = _asked_for(request, email or request.GET.get("Email", request.GET.get("email", "")))
    if domain is None:
        return _nothing()
    wanted = request.GET.get("Protocol", request.GET.get("protocol", ""))
    if wanted.lower() != outlook.V1.lower():
        problem = {
            "ErrorCode": "InvalidProtocol",
            "ErrorMessage": f"The given protocol value is invalid. Supported values are '{outlook.V1}'",
        }
        return _private(JsonResponse(problem, status=400))
    return _private(JsonResponse({"Protocol": outlook.V1, "Url": f"{stack().url}{POX_PATH}"}))


@require_GET
def user_agent_configuration(request: HttpRequest) -> HttpResponse:
    """Answer programs that follow PACC; its digest stands in the DNS."""
    domain = _asked_for(request, "")
    if domain is None:
        return _nothing()
    return HttpResponse(
        pacc.document(account_at(domain)),
        content_type="application/json",
        headers={"Cache-Control": _AN_HOUR},
    )


@require_GET
def mta_sts(request: HttpRequest) -> HttpResponse:
    """Give other mail hosts the domain's policy (RFC 8461 section 3.3)."""
    label, _dot, name = host_of(request).partition(".")
    domain = hosted_domain(name) if label == "mta-sts" else None
    if domain is None:
        return _nothing()
    return HttpResponse(
        sts.policy(domain.mta_sts_mode, stack().mail_hostname),
        content_type="text/plain; charset=us-ascii",
        headers={"Cache-Control": _AN_HOUR},
    )


def _asked_for(request: HttpRequest, email: str) -> HostedDomain | None:
    """Return the hosted domain that host and address name.

    A host below somebody's domain speaks for that domain alone: asked about another one it answers
    as if it had never heard of it. The installation's own hosts speak for every hosted domain,
    because programs come there by the MX record.
    """
    host = host_of(request)
    named = "" if is_own(host) else host.partition(".")[2]
    try:
        wanted = parse_address(email).domain.a_label if email else _domain_name(named)
    except NameRefused:
        return None
    domain = hosted_domain(wanted)
    if named not in {"", stack().operator_domain, wanted}:
        return None
    return domain


def _domain_name(text: str) -> str:
    return parse_domain_name(text).a_label


def _over_tls() -> HttpResponse:
    if stack().url.startswith("https:"):
        return HttpResponsePermanentRedirect(f"{stack().url}{POX_PATH}")
    return HttpResponse(status=405, headers={"Allow": "POST"})


def _pox(content: bytes) -> HttpResponse:
    return _private(HttpResponse(content, content_type="text/xml; charset=utf-8"))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


def _nothing() -> HttpResponse:
    return HttpResponse("Nothing here.\n", content_type="text/plain; charset=utf-8", status=404)
