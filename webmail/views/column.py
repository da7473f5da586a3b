"""What a whole page beside the folders shows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webmail.selectors.mailboxes import storage_of
from webmail.selectors.pages import column_screen

if TYPE_CHECKING:
    from webmail.identity import MailIdentity


def beside_folders(identity: MailIdentity, *, here: str) -> dict[str, Any]:
    """Return the context of the folder column, the title and the rail; `here` is the open path."""
    screen = column_screen(identity, here=here)
    return {
        "screen": screen,
        "mail_unread": screen.folders.inbox_unread,
        "storage": storage_of(identity),
    }
