"""The search page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.http import page, wants_fragment
from webmail.identity import MailIdentity
from webmail.selectors.mailboxes import storage_of
from webmail.selectors.searching import search_screen
from webmail.views.access import mailbox_view
from webmail.views.folder import page_number

if TYPE_CHECKING:
    from accounts.http import PersonRequest


@require_GET
@mailbox_view
def search(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Show what matches `q`, newest first; without `q` how to ask."""
    text = request.GET.get("q", "").replace("\0", "")
    is_starred = " ".join(text.split()) == "is:starred"
    screen = search_screen(
        identity, text, number=page_number(request), page="starred" if is_starred else ""
    )
    return page(
        request,
        "webmail/search.html",
        {
            "screen": screen,
            "is_starred": is_starred,
            "mail_unread": screen.folders.inbox_unread,
            "storage": None if wants_fragment(request) else storage_of(identity),
            "search_help": [
                ("from:ánh", _("whom it is from")),
                ("to:mai", _("whom it went to")),
                ('subject:"hóa đơn"', _("words of the subject")),
                ("has:file", _("with an attachment")),
                ("is:unread  is:starred", _("unread, starred")),
                ("after:2026-09-01  before:2027", _("when it arrived")),
                ("larger:5MB", _("how large it is")),
                ("in:sent  in:anywhere", _("in which folder")),
            ],
        },
        fragment="webmail/_search_pane.html",
    )
