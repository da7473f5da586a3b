"""Setting up phones and mail programs: one's own page, and the page a phone opens by its QR code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.http import PersonRequest, person_required
from domains.clients import apple
from domains.names import show_address
from domains.selectors import mailbox_of_person, mailboxes_of_person
from domains.selectors.clients import account_of, mailbox_by_token, mailbox_token, servers_here
from domains.services.make_profile import make_profile
from portal.config import stack
from portal.http import page
from portal.qr import qr_image

if TYPE_CHECKING:
    from django.http import HttpRequest

    from domains.models import Mailbox

TOKEN_HOURS = 24


@never_cache
@require_GET
@person_required
def device_home(request: PersonRequest) -> HttpResponse:
    """Show the set-up of the first mailbox."""
    return _own_page(request, mailboxes_of_person(request.user).first())


@never_cache
@require_GET
@person_required
def device_setup(request: PersonRequest, mailbox_id: int) -> HttpResponse:
    """Show how a phone or program is set up for one of one's own mailboxes."""
    return _own_page(request, mailbox_of_person(request.user, mailbox_id))


@never_cache
@require_GET
@person_required
def device_profile(request: PersonRequest, mailbox_id: int) -> HttpResponse:
    """Return the Apple profile of one's own mailbox."""
    return _profile(mailbox_of_person(request.user, mailbox_id))


@never_cache
@require_GET
def device_open(request: HttpRequest, token: str) -> HttpResponse:
    """Show the same to a phone that is not signed in; it learns nothing but address and servers."""
    mailbox = mailbox_by_token(token, max_age=TOKEN_HOURS * 3600)
    response = page(request, "domains/device_open.html", _context(mailbox) | {"token": token})
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_GET
def device_open_profile(request: HttpRequest, token: str) -> HttpResponse:
    """Return the Apple profile to a phone that is not signed in."""
    return _profile(mailbox_by_token(token, max_age=TOKEN_HOURS * 3600))


def _own_page(request: PersonRequest, mailbox: Mailbox | None) -> HttpResponse:
    context: dict[str, object] = {"here": "devices"}
    if mailbox is not None:
        link = stack().url + reverse("devices:open", args=[mailbox_token(mailbox)])
        context |= _context(mailbox) | {
            "link": link,
            "qr": qr_image(link),
            "hours": TOKEN_HOURS,
            "mailboxes": mailboxes_of_person(request.user)[:50],
        }
    return page(request, "domains/device_setup.html", context)


def _context(mailbox: Mailbox) -> dict[str, object]:
    return {
        "mailbox": mailbox,
        "address": show_address(mailbox.address.email),
        "login": mailbox.address.email,
        "servers": servers_here(),
    }


def _profile(mailbox: Mailbox) -> HttpResponse:
    email = mailbox.address.email
    content = make_profile(account=account_of(mailbox), address=email, name=mailbox.name)
    return HttpResponse(
        content,
        content_type=apple.MIME,
        headers={"Content-Disposition": f'attachment; filename="{email}.mobileconfig"'},
    )
