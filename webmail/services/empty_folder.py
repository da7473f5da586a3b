"""Empties Trash or Spam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webmail.errors import FolderGone
from webmail.imap import folders, messages
from webmail.imap.pool import borrow
from webmail.selectors.pages import open_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webmail.identity import MailIdentity
    from webmail.imap.types import Folder


def emptiable(listed: Sequence[Folder], path: str) -> Folder:
    """Return Trash or Spam by its path. Raises FolderGone for every other folder."""
    folder = open_of(listed, path)
    if folder.special_use not in ("trash", "junk"):
        raise FolderGone(detail="neither Trash nor Spam")
    return folder


def empty_folder(identity: MailIdentity, path: str, *, uid_validity: int, last_uid: int) -> None:
    """Delete for good what was in the folder when the question was asked: up to `last_uid`.

    Raises FolderGone, StaleReference.
    """
    with borrow(identity) as session:
        here = emptiable(folders.list_folders(session), path)
        messages.open_folder(session, here.path, uid_validity)
        messages.expunge_until(session, last_uid)
