"""Renames and removes a folder of one's own. Special folders stay: mail would lose its way."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.errors import Conflict
from webmail.errors import FolderExists, FolderGone
from webmail.imap import folders
from webmail.imap.pool import borrow
from webmail.selectors.folders import in_trash, own_folder
from webmail.services.create_folder import checked_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webmail.identity import MailIdentity
    from webmail.imap.session import Session
    from webmail.imap.types import Folder


def rename_folder(identity: MailIdentity, path: str, *, name: str) -> str:
    """Give the folder another name where it is and return its path; those inside it come along.

    Raises InvalidInput for a name that cannot be, FolderExists, FolderGone.
    """
    wanted = checked_name(name)
    with borrow(identity) as session:
        listed = folders.list_folders(session)
        folder = own_folder(listed, path)
        above, delimiter, _name = folder.path.rpartition(folder.delimiter)
        new_path = f"{above}{delimiter}{wanted}"
        if new_path == folder.path:
            return path
        # Only the case of a letter changes: not somebody else's name
        if any(f.path.lower() == new_path.lower() != path.lower() for f in listed):
            raise FolderExists(field="name")
        _carry(session, listed, folder, new_path)
    return new_path


def remove_folder(identity: MailIdentity, path: str) -> str:
    """Put the folder with all in it into Trash and return its path there.

    One that lies in Trash already is deleted for good, and so is an empty one: then the answer is
    "". Raises FolderGone, Conflict.
    """
    with borrow(identity) as session:
        trash = folders.special_folder(session, "trash")
        listed = folders.list_folders(session)
        folder = own_folder(listed, path)
        if in_trash(listed, path):
            if folder.has_children:
                raise Conflict(_("There are folders inside. Delete those first."), field="name")
            folders.delete_folder(session, path)
            return ""
        new_path = _free_path(listed, f"{trash}{folder.delimiter}{folder.name}")
        _carry(session, listed, folder, new_path)
        # Asked only now: nothing is delivered there any more, so what is empty stays so.
        if folders.status(session, new_path).is_empty:
            folders.delete_folder(session, new_path)
            return ""
    return new_path


def restore_folder(identity: MailIdentity, path: str) -> str:
    """Take the folder out of Trash, to the top, and return its path. Raises FolderGone."""
    with borrow(identity) as session:
        listed = folders.list_folders(session)
        folder = own_folder(listed, path)
        if not in_trash(listed, path):
            raise FolderGone(detail="not in Trash")
        new_path = _free_path(listed, folder.name)
        _carry(session, listed, folder, new_path)
    return new_path


def _carry(session: Session, listed: Sequence[Folder], folder: Folder, new_path: str) -> None:
    """Rename on the server; mail programs go on showing what they were subscribed to."""
    folders.rename_folder(session, folder.path, new_path)
    for one in listed:
        rest = one.path.removeprefix(f"{folder.path}{folder.delimiter}")
        if rest != one.path and one.is_subscribed:
            folders.subscribe(session, f"{new_path}{folder.delimiter}{rest}", instead_of=one.path)


def _free_path(listed: Sequence[Folder], path: str) -> str:
    taken = {folder.path.lower() for folder in listed}
    candidates = chain([path], (f"{path} {number}" for number in count(2)))
    return next(one for one in candidates if one.lower() not in taken)
