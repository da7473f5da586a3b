"""Folders: the list page, its fragment, the counts, a new folder."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from portal.context import theme_of
from portal.http import page, wants_fragment
from webmail.identity import MailIdentity, folder_path
from webmail.release import release_digest
from webmail.selectors.listing import VIEWS
from webmail.selectors.mailboxes import storage_of
from webmail.selectors.pages import column_screen, folder_screen, folder_state, open_of
from webmail.views.access import mailbox_view
from webmail.views.toast import toast_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.http import PersonRequest
    from webmail.imap.types import Folder


@require_GET
@mailbox_view
def folder(request: PersonRequest, identity: MailIdentity, folder: str) -> HttpResponse:
    """Show fifty messages of a folder. 304 while neither the folder nor the view changed."""
    path = folder_path(folder)
    view = request.GET.get("view", "all")
    view = view if view in VIEWS else "all"
    number = page_number(request)
    folders = folder_state(identity)
    etag = _etag(request, identity, folders, open_of(folders, path), f"{view}.{number}")
    if request.headers.get("If-None-Match") == etag:
        return _stamped(HttpResponseNotModified(), etag)
    screen = folder_screen(identity, path, view=view, number=number, known=folders)
    response = page(
        request,
        "webmail/folder.html",
        {
            "screen": screen,
            "toast": toast_of(request),
            "mail_unread": screen.folders.inbox_unread,
            "storage": None if wants_fragment(request) else storage_of(identity),
        },
        fragment="webmail/_list_pane.html",
    )
    return _stamped(response, etag)


@require_GET
@mailbox_view
def counts(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Show the folder column anew; `here` is the open folder's id."""
    here = request.GET.get("here", "")
    screen = column_screen(
        identity, here=folder_path(here) if here else "", page=request.GET.get("page", "")
    )
    return page(
        request, "webmail/_folders.html", {"screen": screen, "storage": storage_of(identity)}
    )


def page_number(request: HttpRequest) -> int:
    """Return the page asked for; anything but a number means the first."""
    asked = request.GET.get("page", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1


def _etag(
    request: HttpRequest,
    identity: MailIdentity,
    folders: Sequence[Folder],
    open_folder: Folder,
    view: str,
) -> str:
    """Return uid_validity.highest_mod_seq.view and what else the page shows, as one tag.

    The rest: the release, counts of the other folders, the day (its headings), who looks, and how.
    """
    rest = (
        release_digest(),
        identity.mailbox_id,
        identity.user_id,
        request.session.session_key,
        request.META.get("CSRF_COOKIE", ""),
        get_language(),
        theme_of(request),
        timezone.localdate().isoformat(),
        request.headers.get("HX-Request", ""),
        request.headers.get("HX-Target", ""),
        request.GET.get("done", ""),
        [(f.path, f.message_count, f.unseen_count, f.special_use) for f in folders],
    )
    digest = hashlib.blake2b(repr(rest).encode(), digest_size=9).hexdigest()
    state = f"{open_folder.uid_validity}.{open_folder.highest_mod_seq}.{view}"
    return f'W/"{state}.{digest}"'


def _stamped(response: HttpResponse, etag: str) -> HttpResponse:
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["HX-Request", "HX-Target", "Cookie", "Accept-Language"])
    return response
