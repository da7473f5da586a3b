"""Empties Trash or Spam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webmail.imap import folders, messages
from webmail.imap.pool import borrow
from webmail.selectors.folders import emptiable

if TYPE_CHECKING:
    from webmail.identity import MailIdentity


def empty_folder(identity: MailIdentity, path: str, *, uid_validity: int, last_uid: int) -> None:
    """Delete for good what was in the folder when the question was asked: up to `last_uid`.

    Raises FolderGone, StaleReference.
    """
    with borrow(identity) as session:
        here = emptiable(folders.list_folders(session), path)
        messages.open_folder(session, here.path, uid_validity)
        messages.expunge_until(session, last_uid)
