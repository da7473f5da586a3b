"""Whole pages of the reading part: one borrowed connection each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from webmail.errors import FolderGone, MailUnavailable
from webmail.imap import folders as imap_folders
from webmail.imap import messages
from webmail.imap.pool import borrow
from webmail.selectors.folders import FolderColumn, column, folder_label
from webmail.selectors.listing import Listing, read_listing
from webmail.selectors.messages import Reader, load_reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webmail.identity import MailIdentity, MessageRef
    from webmail.imap.types import Folder


@dataclass(frozen=True, slots=True)
class MailScreen:
    """What a mail page shows. `listing` and `reader` are None where the page has none.

    `trouble` says why the folders are missing, on pages that show something without them.
    """

    identity: MailIdentity
    folders: FolderColumn
    folder: Folder | None
    label: str
    listing: Listing | None = None
    reader: Reader | None = None
    trouble: str = ""

    @property
    def special_use(self) -> str:
        """Special use of the open folder, empty for one of one's own."""
        return self.folder.special_use if self.folder else ""


def folder_state(identity: MailIdentity) -> list[Folder]:
    """Return all folders with their counts."""
    with borrow(identity) as session:
        return imap_folders.list_folders(session)


def folder_screen(
    identity: MailIdentity, path: str, *, view: str, number: int, known: Sequence[Folder] = ()
) -> MailScreen:
    """Return a folder's page. `known` spares asking for the folders again. Raises FolderGone."""
    with borrow(identity) as session:
        folders = list(known) or imap_folders.list_folders(session)
        folder = open_of(folders, path)
        listing = read_listing(session, identity, folder, view=view, number=number)
    return MailScreen(
        identity, column(identity, folders, here=path), folder, folder_label(folder), listing
    )


def message_screen(identity: MailIdentity, ref: MessageRef, *, plain: bool) -> MailScreen:
    """Return a message's page with the list page it stands on.

    Raises FolderGone, StaleReference, MessageGone.
    """
    with borrow(identity) as session:
        folders = imap_folders.list_folders(session)
        folder = open_of(folders, ref.folder)
        messages.open_folder(session, ref.folder, ref.uid_validity)
        reader = load_reader(session, identity, ref, plain=plain)
        listing = read_listing(session, identity, folder, containing_uid=ref.uid)
    position = next((row.position for row in listing.rows if row.uid == ref.uid), 0)
    return MailScreen(
        identity,
        column(identity, folders, here=ref.folder),
        folder,
        folder_label(folder),
        listing,
        replace(reader, position=position),
    )


def reader_screen(identity: MailIdentity, ref: MessageRef, *, plain: bool) -> MailScreen:
    """Return a message alone, for the reading pane. Raises like message_screen."""
    with borrow(identity) as session:
        folders = imap_folders.list_folders(session)
        folder = open_of(folders, ref.folder)
        messages.open_folder(session, ref.folder, ref.uid_validity)
        reader = load_reader(session, identity, ref, plain=plain)
    return MailScreen(
        identity,
        column(identity, folders, here=ref.folder),
        folder,
        folder_label(folder),
        None,
        reader,
    )


def column_screen(identity: MailIdentity, *, here: str = "", page: str = "") -> MailScreen:
    """Return only the folder column, for pages beside the folders (search, outbox, compose)."""
    with borrow(identity) as session:
        folders = imap_folders.list_folders(session)
    return MailScreen(identity, column(identity, folders, here=here, page=page), None, "")


def outbox_column(identity: MailIdentity) -> MailScreen:
    """Return the folder column beside the outbox, which itself needs no mail store: then bare."""
    try:
        return column_screen(identity, page="outbox")
    except MailUnavailable as exc:
        bare = column(identity, [], page="outbox")
        return MailScreen(identity, bare, None, "", trouble=str(exc.message))


def open_of(folders: Sequence[Folder], path: str) -> Folder:
    """Return the folder with this path that can be opened. Raises FolderGone."""
    for folder in folders:
        if folder.path == path and folder.is_selectable:
            return folder
    raise FolderGone(detail="not listed")
