"""Makes a folder of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.errors import InvalidInput
from webmail.errors import FolderExists
from webmail.imap import folders
from webmail.imap.pool import borrow
from webmail.message.address import one_line

if TYPE_CHECKING:
    from webmail.identity import MailIdentity

MAX_NAME = 60


def create_folder(identity: MailIdentity, *, name: str, inside: str = "") -> str:
    """Make a folder and return its path; `inside` is the path of the one above, empty for none.

    Raises InvalidInput for a name that cannot be, FolderExists.
    """
    wanted = checked_name(name)
    with borrow(identity) as session:
        listed = folders.list_folders(session)
        delimiter = next((f.delimiter for f in listed if f.delimiter), "/")
        path = f"{inside}{delimiter}{wanted}" if inside else wanted
        if any(f.path.lower() == path.lower() for f in listed):
            raise FolderExists(field="name")
        folders.create_folder(session, path)
    return path


def checked_name(name: str) -> str:
    """Return a folder's name in one line. Raises InvalidInput for one that cannot be."""
    wanted = one_line(name)
    if not wanted:
        raise InvalidInput(_("Please give the folder a name."), field="name")
    if len(wanted) > MAX_NAME:
        raise InvalidInput(_("Please use a shorter name."), field="name")
    if wanted == folders.SHARED:
        raise InvalidInput(
            _("Mail programs show shared mailboxes under this name. Please choose another one."),
            field="name",
        )
    if wanted.startswith("~") or any(sign in wanted for sign in '/\\*%"'):
        raise InvalidInput(_('A folder name cannot hold / \\ * % or ".'), field="name")
    return wanted
