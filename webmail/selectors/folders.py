"""The folder column: special folders first and by their names in the person's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from delivery.selectors import open_count
from webmail.errors import FolderGone
from webmail.identity import folder_id
from webmail.message.query import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webmail.identity import MailIdentity
    from webmail.imap.types import Folder

_ORDER = ("inbox", "starred", "sent", "drafts", "outbox", "archive", "junk", "trash")
ERASABLE = ("trash", "junk")  # only there messages are deleted for good
_TARGET_ORDER = ("inbox", "archive", "trash", "junk", "sent")
_ICONS = {
    "inbox": "inbox",
    "starred": "star",
    "sent": "send",
    "drafts": "draft",
    "outbox": "upload",
    "archive": "archive",
    "junk": "spam",
    "trash": "trash",
}


@dataclass(frozen=True, slots=True)
class FolderItem:
    """A line of the folder column. `count` is 0 when nothing is to be shown."""

    key: str  # special use, or "" for a folder of one's own
    id: str
    path: str
    label: str
    icon: str
    url: str
    count: int
    has_unread: bool
    is_current: bool
    depth: int
    is_selectable: bool = True


@dataclass(frozen=True, slots=True)
class FolderColumn:
    """The folder column. `inbox_unread` is what the title and the rail show."""

    special: list[FolderItem]
    own: list[FolderItem]
    inbox_unread: int

    @property
    def targets(self) -> list[FolderItem]:
        """Folders that messages can be moved to, the likely ones first."""
        by_key = {item.key: item for item in self.special if item.path}
        special = [by_key[key] for key in _TARGET_ORDER if key in by_key]
        return [item for item in (*self.own, *special) if item.is_selectable]


def folder_label(folder: Folder) -> str:
    """Return what a folder is called: special ones in the person's language."""
    return special_label(folder.special_use) or folder.name


def special_label(special_use: str) -> str:
    """Return the word for a special use, empty for none."""
    return {
        "inbox": _("Inbox"),
        "starred": _("Starred"),
        "sent": _("Sent"),
        "drafts": _("Drafts"),
        "outbox": _("Outbox"),
        "archive": _("Archive"),
        "junk": _("Spam"),
        "trash": _("Trash"),
    }.get(special_use, "")


def column(
    identity: MailIdentity, folders: Sequence[Folder], *, here: str = "", page: str = ""
) -> FolderColumn:
    """Return the column; `here` is the open folder's path, `page` another page's key."""
    by_use = {f.special_use: f for f in folders if f.special_use}
    special: list[FolderItem] = []
    for key in _ORDER:
        folder = by_use.get(key)
        if folder is not None:
            special.append(_special(identity, key, folder, here))
        elif key in ("starred", "outbox") and (url := _page_url(identity, key)):
            special.append(
                FolderItem(
                    key=key,
                    id="",
                    path="",
                    label=special_label(key),
                    icon=_ICONS[key],
                    url=url,
                    count=open_count(identity.mailbox_id) if key == "outbox" else 0,
                    has_unread=False,
                    is_current=page == key,
                    depth=0,
                )
            )
    own = [f for f in folders if f.special_use not in _ICONS]
    own.sort(key=lambda f: [fold(part) for part in f.path.split(f.delimiter or "\0")])
    thrown_away = [f for f in own if in_trash(folders, f.path)]
    special += [_own(identity, folder, here) for folder in thrown_away]  # Trash is the last of them
    inbox = by_use.get("inbox")
    return FolderColumn(
        special,
        [_own(identity, folder, here) for folder in own if folder not in thrown_away],
        (inbox.unseen_count or 0) if inbox else 0,
    )


def own_folder(folders: Sequence[Folder], path: str) -> Folder:
    """Return the folder. Raises FolderGone for special ones and those that are not there."""
    for folder in folders:
        if folder.path == path and not folder.special_use:
            return folder
    raise FolderGone(detail="not a folder of one's own")


def emptiable(folders: Sequence[Folder], path: str) -> Folder:
    """Return Trash or Spam by its path. Raises FolderGone for every other folder."""
    for folder in folders:
        if folder.path == path and folder.special_use in ERASABLE:
            return folder
    raise FolderGone(detail="neither Trash nor Spam")


def in_trash(folders: Sequence[Folder], path: str) -> bool:
    """Whether the folder lies in Trash."""
    return any(
        f.special_use == "trash" and path.startswith(f"{f.path}{f.delimiter}") for f in folders
    )


def _special(identity: MailIdentity, key: str, folder: Folder, here: str) -> FolderItem:
    unseen, total = folder.unseen_count or 0, folder.message_count or 0
    shows_total = key == "drafts"
    return FolderItem(
        key=key,
        id=folder_id(folder.path),
        path=folder.path,
        label=special_label(key),
        icon=_ICONS[key],
        url=folder_url(identity.mailbox_id, folder.path),
        count=total if shows_total else 0 if key in ("sent", "trash", "archive") else unseen,
        has_unread=key == "inbox" and unseen > 0,
        is_current=folder.path == here,
        depth=0,
    )


def _own(identity: MailIdentity, folder: Folder, here: str) -> FolderItem:
    unseen = folder.unseen_count or 0
    depth = folder.depth - (1 if folder.path.startswith(f"INBOX{folder.delimiter}") else 0)
    return FolderItem(
        key="",
        id=folder_id(folder.path),
        path=folder.path,
        label=folder.name,
        icon="folder",
        url=folder_url(identity.mailbox_id, folder.path),
        count=unseen,
        has_unread=unseen > 0,
        is_current=folder.path == here,
        depth=min(depth, 3),
        is_selectable=folder.is_selectable,
    )


def folder_url(mailbox_id: int, path: str) -> str:
    """Return the address of a folder's page."""
    return f"{reverse('webmail:home')}{mailbox_id}/f/{folder_id(path)}/"


def _page_url(identity: MailIdentity, key: str) -> str:
    try:
        if key == "starred":
            return reverse("webmail:search", args=[identity.mailbox_id]) + "?q=is%3Astarred"
        return reverse(f"webmail:{key}", args=[identity.mailbox_id])
    except NoReverseMatch:
        return ""
