"""One message: with its list or alone in the reading pane, and its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.http import page, wants_fragment
from webmail.identity import MailIdentity, MessageRef, folder_path
from webmail.selectors.downloads import message_source
from webmail.selectors.folders import folder_url
from webmail.selectors.listing import grouped
from webmail.selectors.mailboxes import storage_of
from webmail.selectors.messages import removed_text
from webmail.services.read_message import read_message
from webmail.views.access import mailbox_view
from webmail.views.downloading import download
from webmail.views.toast import toast_of

if TYPE_CHECKING:
    from accounts.http import PersonRequest
    from webmail.selectors.pages import MailScreen


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
            "storage": storage_of(identity),
            **_around(screen),
        },
        fragment="webmail/_reader.html",
    )


def _around(screen: MailScreen) -> dict[str, str]:
    """Return the neighbours in the list, and where to go when the message is gone from it."""
    listing, reader = screen.listing, screen.reader
    if listing is None or reader is None:
        here = folder_url(screen.identity.mailbox_id, screen.folder.path) if screen.folder else ""
        return {"list_url": here, "next_url": here, "removed_text": removed_text(reader)}
    index = next((i for i, row in enumerate(listing.rows) if row.uid == reader.ref.uid), None)
    newer = listing.rows[index - 1].url if index else ""
    older = (
        listing.rows[index + 1].url if index is not None and index + 1 < len(listing.rows) else ""
    )
    position = _("%(position)s of %(total)s") % {
        "position": grouped(reader.position),
        "total": grouped(listing.total),
    }
    return {
        "list_url": listing.here_url,
        "next_url": older or listing.here_url,
        "newer_url": newer,
        "older_url": older,
        "position_text": position if reader.position else "",
        "removed_text": removed_text(reader),
    }


@require_GET
@mailbox_view
def source(
    request: PersonRequest, identity: MailIdentity, folder: str, uid_validity: int, uid: int
) -> StreamingHttpResponse:
    """Download the message as it was received (.eml)."""
    ref = MessageRef(identity.mailbox_id, folder_path(folder), uid_validity, uid)
    name, chunks = message_source(identity, ref)
    return download(chunks, name)
