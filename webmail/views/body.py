"""The document of a message's HTML, for its frame: own address, own policy, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from webmail.identity import MailIdentity, MessageRef, folder_path
from webmail.message.html import VERSION
from webmail.selectors.messages import framed_document
from webmail.views.access import mailbox_view

if TYPE_CHECKING:
    from accounts.http import PersonRequest

POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin; default-src 'none'; "
    "script-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; font-src 'none'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@require_GET
@mailbox_view
def body(
    request: PersonRequest, identity: MailIdentity, folder: str, uid_validity: int, uid: int
) -> HttpResponse:
    """Show the washed HTML; `images` loads remote ones through the proxy, `dark` turns colours."""
    ref = MessageRef(identity.mailbox_id, folder_path(folder), uid_validity, uid)
    document = framed_document(
        identity,
        ref,
        show_images="images" in request.GET,
        dark="dark" in request.GET,
        language=get_language() or "en",
    )
    response = HttpResponse(document, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["X-DNS-Prefetch-Control"] = "off"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    # A message never changes, and the address names the washing's version.
    is_versioned = request.GET.get("v") == str(VERSION)
    response["Cache-Control"] = (
        "private, max-age=86400, immutable" if is_versioned else "private, no-cache"
    )
    return response
