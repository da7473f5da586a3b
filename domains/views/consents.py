"""Consent to forwarding: the page behind the link of a letter, and asking once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from domains.errors import ConsentOver
from domains.names import show_address
from domains.selectors import (
    consent_by_hash,
    forwarder_of,
    group_of,
    mailbox_of,
    members_of,
    passed_on_by,
    sources_of,
    targets_outside,
)
from domains.services.answer_consent import answer_consent, is_over
from domains.services.ask_consent import ask_again, hash_of
from portal.errors import NotFound
from portal.http import client_ip, page

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import HttpRequest, HttpResponse

SHOWN = 20  # addresses whose mail is passed on


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def consent_answer(request: HttpRequest, token: str) -> HttpResponse:
    """Say who wants to pass mail on; only the button answers, since mail scanners open links."""
    consent = consent_by_hash(hash_of(token))
    if request.method == "POST":
        agrees = request.POST.get("answer") == "agree"
        answer_consent(consent=consent, agrees=agrees, ip=client_ip(request))
        response: HttpResponse = redirect("consents:answer", token)
    elif is_over(consent):
        raise ConsentOver
    else:
        context = {"consent": consent, "sources": sources_of(consent)[:SHOWN]}
        response = page(request, "domains/consent.html", context)
        response["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the secret. "no-referrer" would make the form come with "Origin: null".
    response["Referrer-Policy"] = "strict-origin"
    return response


@require_POST
@permission(Action.FORWARDER_CHANGE)
def forwarder_ask(request: TenantRequest, tenant_id: int, forwarder_id: int) -> HttpResponse:
    """Send one more letter to a target of a forwarder."""
    forwarder = forwarder_of(request.tenant, forwarder_id)
    _ask(request, [target.email for target in forwarder.targets.all()])
    return redirect("domains:forwarder-change", tenant_id, forwarder_id)


@require_POST
@permission(Action.GROUP_CHANGE)
def group_ask(request: TenantRequest, tenant_id: int, group_id: int) -> HttpResponse:
    """Send one more letter to a member of a group."""
    members = members_of(group_of(request.tenant, group_id)).filter(
        address=None, email=request.POST.get("email", "").replace("\0", "")
    )
    _ask(request, [member.email for member in members])
    return redirect("domains:group-detail", tenant_id, group_id)


@require_POST
@permission(Action.MAILBOX_CHANGE)
def mailbox_ask(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Send one more letter to an address that a mailbox passes mail on to."""
    _ask(request, passed_on_by(mailbox_of(request.tenant, mailbox_id)))
    return redirect("domains:mailbox-detail", tenant_id, mailbox_id)


def tell_of_letters(request: TenantRequest, targets: Collection[str]) -> None:
    """Say that mail goes on only once people outside agree, where somebody among `targets` has not."""
    if any(target.is_open for target in targets_outside(request.tenant, targets)):
        messages.info(
            request,
            _("Recipients outside get a letter; mail goes on to them once they agreed."),
        )


def _ask(request: TenantRequest, targets: Collection[str]) -> None:
    email = request.POST.get("email", "")
    if email not in targets:
        raise NotFound
    ask_again(actor=request.actor, tenant=request.tenant, email=email)
    messages.success(
        request, _("A letter goes out to %(address)s.") % {"address": show_address(email)}
    )
