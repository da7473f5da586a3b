"""One message: with its list or alone in the reading pane, and its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from portal.http import page, wants_fragment
from webmail.identity import MailIdentity, MessageRef, folder_path
from webmail.selectors.downloads import message_source
from webmail.services.read_message import read_message
from webmail.views.access import mailbox_view
from webmail.views.downloading import download
from webmail.views.toast import toast_of

if TYPE_CHECKING:
    from accounts.http import PersonRequest


@require_GET
@mailbox_view
def message(
    request: PersonRequest, identity: MailIdentity, folder: str, uid_validity: int, uid: int
) -> HttpResponse:
    """Show a message; it counts as read unless `peek` is asked (prefetching)."""
    ref = MessageRef(identity.mailbox_id, folder_path(folder), uid_validity, uid)
    screen = read_message(
        identity,
        ref,
        with_list=not wants_fragment(request),
        plain="plain" in request.GET,
        peek="peek" in request.GET,
    )
    return page(
        request,
        "webmail/message.html",
        {
            "screen": screen,
            "reader": screen.reader,
            "with_images": "images" in request.GET,
            "dark": "dark" in request.GET,
            "plain": "plain" in request.GET,
            "toast": toast_of(request),
            "mail_unread": screen.folders.inbox_unread,
        },
        fragment="webmail/_reader.html",
    )


@require_GET
@mailbox_view
def source(
    request: PersonRequest, identity: MailIdentity, folder: str, uid_validity: int, uid: int
) -> StreamingHttpResponse:
    """Download the message as it was received (.eml)."""
    ref = MessageRef(identity.mailbox_id, folder_path(folder), uid_validity, uid)
    name, chunks = message_source(identity, ref)
    return download(chunks, name)
