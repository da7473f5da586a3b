"""Search results: one folder or all of them, newest first, fifty at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import urlencode

from webmail.errors import FolderGone
from webmail.identity import MessageRef
from webmail.imap import folders as imap_folders
from webmail.imap import messages, search
from webmail.imap.pool import borrow
from webmail.message.query import Query, fold, parse_query
from webmail.selectors.folders import FolderColumn, column, folder_label
from webmail.selectors.listing import PAGE_SIZE, ListRow, grouped, list_row, range_text, with_days
from webmail.selectors.messages import message_url

if TYPE_CHECKING:
    from datetime import datetime

    from webmail.identity import MailIdentity
    from webmail.imap.session import Session
    from webmail.imap.types import Folder

MAX_PAGES = 40
MAX_FOLDERS = 100
_LEFT_OUT = frozenset(("trash", "junk"))
_EVERYWHERE = frozenset(("anywhere", "moi-noi", "moi-thu-muc", "all", "tat-ca"))


@dataclass(frozen=True, slots=True)
class SearchScreen:
    """A search page. `rows` is empty before anything is asked for."""

    identity: MailIdentity
    folders: FolderColumn
    query: Query
    rows: list[ListRow]
    total: int
    number: int
    seconds: float
    searched: int  # folders looked into
    unknown_folder: str  # what `in:` named and no folder is called
    message_count: int

    @property
    def pages(self) -> int:
        """Number of pages that can be shown, at least 1."""
        return min(MAX_PAGES, max(1, -(-self.total // PAGE_SIZE)))

    @property
    def first(self) -> int:
        """Position of the first row."""
        return (self.number - 1) * PAGE_SIZE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Position of the last row."""
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def newer_url(self) -> str:
        """Address of the page before; empty on the first."""
        return self.url(self.query.text, self.number - 1) if self.number > 1 else ""

    @property
    def older_url(self) -> str:
        """Address of the page after; empty on the last."""
        return self.url(self.query.text, self.number + 1) if self.number < self.pages else ""

    @property
    def here_url(self) -> str:
        """Address of this page."""
        return self.url(self.query.text, self.number)

    @property
    def total_text(self) -> str:
        """Number of results, as a person writes numbers."""
        return grouped(self.total)

    @property
    def message_count_text(self) -> str:
        """Messages in all folders, as a person writes numbers."""
        return grouped(self.message_count)

    @property
    def seconds_text(self) -> str:
        """How long it took."""
        return number_format(max(0.01, round(self.seconds, 2)), 2, use_l10n=True)

    @property
    def range_text(self) -> str:
        """Which rows are shown."""
        return range_text(self.first, self.last, self.total)

    @property
    def anywhere_url(self) -> str:
        """Address of the same search in every folder, Trash and Spam too."""
        text = self.query.text
        for condition in self.query.conditions:
            if condition.key == "in":
                text = " ".join(text.replace(condition.text, " ", 1).split())
        return self.url(f"{text} in:anywhere")

    @property
    def chips(self) -> list[tuple[str, str]]:
        """The conditions in use, each with the address of the search without it."""
        return [(c.text, self.url(self.query.without(c))) for c in self.query.conditions]

    def url(self, text: str, number: int = 1) -> str:
        """Return the address of a search."""
        asked = {"q": text} | ({"page": str(number)} if number > 1 else {})
        return f"{reverse('webmail:search', args=[self.identity.mailbox_id])}?{urlencode(asked)}"


def search_screen(
    identity: MailIdentity, text: str, *, number: int, page: str = ""
) -> SearchScreen:
    """Return the results for what was typed; all folders but Trash and Spam unless `in:` says so."""
    query = parse_query(text)
    begun = time.monotonic()
    with borrow(identity) as session:
        folders = imap_folders.list_folders(session)
        asks = bool(query.text) and not (query.is_empty and not query.folder)
        chosen, unknown = _chosen(folders, query) if asks else ([], "")
        hits = _hits(session, chosen, query)
        number = min(max(1, number), MAX_PAGES, max(1, -(-_count(hits) // PAGE_SIZE)))
        wanted = _newest(session, hits, number)
        rows = _rows(session, identity, wanted, query)
    return SearchScreen(
        identity=identity,
        folders=column(identity, folders, page=page),
        query=query,
        rows=with_days(rows),
        total=_count(hits),
        number=number,
        seconds=time.monotonic() - begun,
        searched=len(chosen),
        unknown_folder=unknown,
        message_count=sum(folder.message_count or 0 for folder in folders),
    )


def _count(hits: list[tuple[Folder, int, list[int]]]) -> int:
    return sum(len(uids) for _, _, uids in hits)


def _chosen(folders: list[Folder], query: Query) -> tuple[list[Folder], str]:
    """Return the folders to look into, and what `in:` named when no folder is called so."""
    readable = [f for f in folders if f.is_selectable and f.message_count][:MAX_FOLDERS]
    wanted = fold(query.folder).replace(" ", "-")
    if not wanted:
        return [f for f in readable if f.special_use not in _LEFT_OUT], ""
    if wanted in _EVERYWHERE:
        return readable, ""
    named = [
        f
        for f in folders
        if wanted in (fold(n).replace(" ", "-") for n in (folder_label(f), f.path, f.special_use))
    ]
    if not named:
        return [], query.folder
    below = tuple(f"{f.path}{f.delimiter}" for f in named)
    return [f for f in readable if f in named or f.path.startswith(below)], ""


def _hits(
    session: Session, folders: list[Folder], query: Query
) -> list[tuple[Folder, int, list[int]]]:
    """Return per folder its UIDVALIDITY and the UIDs that match, oldest first."""
    found = []
    for folder in folders:
        try:
            selected = messages.open_folder(session, folder.path)
        except FolderGone:
            continue  # deleted since the list was made
        uids = search.matching_uids(session, query)
        if uids:
            found.append((folder, selected.uid_validity, uids))
    return found


def _newest(
    session: Session, hits: list[tuple[Folder, int, list[int]]], number: int
) -> list[tuple[datetime, Folder, int, int]]:
    """Return the messages of one page over all folders, by arrival.

    UIDs grow with arrival, so only the newest of each folder can be among them.
    """
    deepest = number * PAGE_SIZE
    dated: list[tuple[datetime, Folder, int, int]] = []
    for folder, uid_validity, uids in hits:
        messages.open_folder(session, folder.path)
        dated += [
            (moment, folder, uid_validity, uid)
            for moment, uid in search.received_dates(session, uids[-deepest:])
        ]
    dated.sort(key=lambda found: (found[0], found[3]), reverse=True)
    return dated[deepest - PAGE_SIZE : deepest]


def _rows(
    session: Session,
    identity: MailIdentity,
    wanted: list[tuple[datetime, Folder, int, int]],
    query: Query,
) -> list[ListRow]:
    by_folder: dict[str, list[int]] = {}
    for _, folder, _, uid in wanted:
        by_folder.setdefault(folder.path, []).append(uid)
    found = {}
    for path, uids in by_folder.items():
        messages.open_folder(session, path)
        for row in messages.fetch_rows(session, uids):
            found[path, row.uid] = row
    rows = []
    for _, folder, uid_validity, uid in wanted:
        if (folder.path, uid) not in found:
            continue
        row = found[folder.path, uid]
        ref = MessageRef(identity.mailbox_id, folder.path, uid_validity, uid)
        rows.append(
            list_row(
                row,
                message_url(ref),
                0,
                shows_recipients=folder.special_use in ("sent", "drafts"),
                place=folder_label(folder),
                key=f"{ref.folder_id}.{uid}",
                words=query.marked_words,
            )
        )
    return rows
