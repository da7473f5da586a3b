"""Opens a message and marks it as read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from webmail.imap import messages
from webmail.imap.pool import borrow
from webmail.imap.types import SEEN
from webmail.selectors.pages import MailScreen, message_screen, reader_screen

if TYPE_CHECKING:
    from webmail.identity import MailIdentity, MessageRef


def read_message(
    identity: MailIdentity, ref: MessageRef, *, with_list: bool, plain: bool, peek: bool
) -> MailScreen:
    """Return the message's page, or only its reader; unless `peek`, it is read from now on.

    Raises FolderGone, StaleReference, MessageGone.
    """
    show = message_screen if with_list else reader_screen
    screen = show(identity, ref, plain=plain)
    if peek or screen.reader is None or not screen.reader.is_unread:
        return screen
    with borrow(identity) as session:
        messages.open_folder(session, ref.folder, ref.uid_validity)
        messages.add_flags(session, [ref.uid], [SEEN])
    return _as_read(screen, ref.uid)


def _as_read(screen: MailScreen, uid: int) -> MailScreen:
    """Return the page as it is after the message was read."""
    listing = screen.listing
    if listing is not None:
        rows = [replace(r, is_unread=False) if r.uid == uid else r for r in listing.rows]
        listing = replace(listing, rows=rows, unseen_count=max(0, listing.unseen_count - 1))
    special = [
        replace(item, count=max(0, item.count - 1), has_unread=item.count > 1)
        if item.is_current and item.has_unread
        else item
        for item in screen.folders.special
    ]
    own = [
        replace(item, count=max(0, item.count - 1), has_unread=item.count > 1)
        if item.is_current and item.has_unread
        else item
        for item in screen.folders.own
    ]
    inbox = next((item.count for item in special if item.key == "inbox"), 0)
    folders = replace(screen.folders, special=special, own=own, inbox_unread=inbox)
    return replace(screen, listing=listing, folders=folders)
