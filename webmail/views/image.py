"""Remote images of messages, fetched by us: the sender never sees who reads, or when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from webmail.errors import ImageRefused
from webmail.services.fetch_image import fetch_image
from webmail.views.access import mailbox_view
from webmail.views.downloading import locked

if TYPE_CHECKING:
    from accounts.http import PersonRequest
    from webmail.identity import MailIdentity


@require_GET
@mailbox_view
def image(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Show the image a link of ours names; the link is sealed for this mailbox and message."""
    asked = request.GET
    day = asked.get("d", "")
    if not (day.isascii() and day.isdigit() and len(day) < 8):
        raise ImageRefused(detail="day")
    media_type, octets = fetch_image(
        identity,
        message=asked.get("m", ""),
        url=asked.get("u", ""),
        day=int(day),
        seal=asked.get("s", ""),
    )
    response = HttpResponse(octets, content_type=media_type)
    locked(response)
    response["Cache-Control"] = "private, max-age=86400"
    return response
