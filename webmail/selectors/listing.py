"""Lists of messages: fifty rows of a folder, a filter or a search, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from webmail.identity import folder_id
from webmail.imap import messages, search
from webmail.imap.types import ANSWERED, DRAFT, FLAGGED, FORWARDED, SEEN, Row
from webmail.message.query import marked
from webmail.selectors.folders import folder_url
from webmail.selectors.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webmail.identity import MailIdentity
    from webmail.imap.session import Session
    from webmail.imap.types import Folder
    from webmail.message.address import Address

PAGE_SIZE = 50
VIEWS = ("all", "unread", "starred", "files")
MAX_NAMES = 3


@dataclass(frozen=True, slots=True)
class ListRow:
    """A message in a list. `day` is set on the first row of its day group."""

    uid: int
    key: str  # stands for the message in a page: uid, or folder and uid in a search
    url: str
    position: int  # counted from 1, newest first; 0 in a search
    sender: str
    is_outgoing: bool  # `sender` names whom it goes to
    subject: str
    preview: str
    received_at: datetime
    is_unread: bool
    is_starred: bool
    is_answered: bool
    is_forwarded: bool
    is_draft: bool
    has_attachment: bool
    day: str = ""
    place: str = ""  # the folder's name, in a search
    subject_pieces: list[tuple[str, bool]] | None = None
    preview_pieces: list[tuple[str, bool]] | None = None
    sender_pieces: list[tuple[str, bool]] | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A quick filter above a list. `count` is empty where none is shown."""

    label: str
    url: str
    count: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list. `total` counts the view, `first` and `last` rows from 1 (0: none)."""

    path: str
    view: str
    rows: list[ListRow]
    total: int
    message_count: int
    unseen_count: int
    number: int
    uid_validity: int
    highest_mod_seq: int
    base_url: str

    def holds(self, uid: int) -> bool:
        """Say whether this page shows the message."""
        return any(row.uid == uid for row in self.rows)

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-self.total // PAGE_SIZE))

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
        return self.url(number=self.number - 1) if self.number > 1 else ""

    @property
    def older_url(self) -> str:
        """Address of the page after; empty on the last."""
        return self.url(number=self.number + 1) if self.number < self.pages else ""

    @property
    def here_url(self) -> str:
        """Address of this page."""
        return self.url(number=self.number)

    @property
    def folder_id(self) -> str:
        """The folder as it stands in addresses."""
        return folder_id(self.path)

    @property
    def message_count_text(self) -> str:
        """Messages in the folder, as a person writes numbers."""
        return grouped(self.message_count)

    @property
    def unseen_count_text(self) -> str:
        """Unread messages, as a person writes numbers."""
        return grouped(self.unseen_count)

    @property
    def range_text(self) -> str:
        """Which rows are shown: 1–50 of 12,431."""
        return range_text(self.first, self.last, self.total)

    @property
    def filters(self) -> list[Filter]:
        """The quick filters."""
        labels = {
            "all": _("All"),
            "unread": _("Unread"),
            "starred": _("Starred"),
            "files": _("Has file"),
        }
        return [
            Filter(
                labels[view],
                self.url(view=view),
                self.unseen_count_text if view == "unread" and self.unseen_count else "",
                view == self.view,
            )
            for view in VIEWS
        ]

    def url(self, *, number: int = 1, view: str = "") -> str:
        """Return the address of a page of this folder."""
        view = view or self.view
        parts = [f"view={view}"] if view != "all" else []
        parts += [f"page={number}"] if number > 1 else []
        return self.base_url + ("?" + "&".join(parts) if parts else "")


def read_listing(
    session: Session,
    identity: MailIdentity,
    folder: Folder,
    *,
    view: str = "all",
    number: int = 1,
    containing_uid: int = 0,
) -> Listing:
    """Return page `number` of a folder, or the page that holds `containing_uid` when it is there.

    Without a filter one SELECT and one FETCH, whatever the folder's size; neither while the
    folder is as it was when its page was read last. Raises FolderGone.
    """
    key = _state_key(identity, folder, view)
    known = _READ.get((key, number))
    if known is not None and (not containing_uid or known.holds(containing_uid)):
        return replace(known, unseen_count=folder.unseen_count or 0)
    listing = _read(session, identity, folder, view, number, containing_uid)
    state = (listing.uid_validity, listing.highest_mod_seq, listing.message_count)
    if state == (folder.uid_validity, folder.highest_mod_seq, folder.message_count):
        _READ.put((key, listing.number), listing)
    return listing


def _state_key(identity: MailIdentity, folder: Folder, view: str) -> tuple[object, ...]:
    """Return all that a page of a folder depends on."""
    return (
        identity.mailbox_id,
        folder.path,
        folder.special_use,
        folder.uid_validity,
        folder.highest_mod_seq,
        folder.message_count,
        folder.uid_next,
        view,
        get_language(),
        timezone.get_current_timezone_name(),
        timezone.localdate(),
    )


def _read(
    session: Session,
    identity: MailIdentity,
    folder: Folder,
    view: str,
    number: int,
    containing_uid: int,
) -> Listing:
    selected = messages.open_folder(session, folder.path)
    base_url = folder_url(identity.mailbox_id, folder.path)
    shows_recipients = folder.special_use in ("sent", "drafts")
    if view == "all":
        total = selected.message_count
        if containing_uid:
            number = _page_of(session, containing_uid, total) or number
        number = min(max(1, number), max(1, -(-total // PAGE_SIZE)))
        last = total - (number - 1) * PAGE_SIZE
        rows = messages.fetch_page(session, last - PAGE_SIZE + 1, last)
    else:
        uids = search.filtered_uids(session, view)
        total = len(uids)
        number = min(max(1, number), max(1, -(-total // PAGE_SIZE)))
        end = total - (number - 1) * PAGE_SIZE
        rows = messages.fetch_rows(session, uids[max(0, end - PAGE_SIZE) : end])
    # By arrival within the page: what was moved here, or back by Undo, stands where it belongs
    rows.sort(key=lambda row: (row.received_at, row.uid), reverse=True)
    first = (number - 1) * PAGE_SIZE + 1
    prefix = f"{base_url}{selected.uid_validity}/"
    shown = [
        list_row(row, f"{prefix}{row.uid}/", first + index, shows_recipients=shows_recipients)
        for index, row in enumerate(rows)
    ]
    return Listing(
        path=folder.path,
        view=view,
        rows=with_days(shown),
        total=total,
        message_count=selected.message_count,
        unseen_count=folder.unseen_count or 0,
        number=number,
        uid_validity=selected.uid_validity,
        highest_mod_seq=selected.highest_mod_seq,
        base_url=base_url,
    )


_READ: Recent[Listing] = Recent(200)


def list_row(
    row: Row,
    url: str,
    position: int,
    *,
    shows_recipients: bool = False,
    place: str = "",
    key: str = "",
    words: tuple[str, ...] = (),
) -> ListRow:
    """Return a row as shown; `words` are marked in sender, subject and preview."""
    people = row.headers.addresses("to" if shows_recipients else "from")
    sender = names(people) or (_("(no recipient)") if shows_recipients else _("(unknown sender)"))
    subject = row.headers.text("subject") or _("(no subject)")
    return ListRow(
        uid=row.uid,
        key=key or str(row.uid),
        url=url,
        position=position,
        sender=sender,
        is_outgoing=shows_recipients,
        subject=subject,
        preview=row.preview,
        received_at=row.received_at,
        is_unread=SEEN not in row.flags,
        is_starred=FLAGGED in row.flags,
        is_answered=ANSWERED in row.flags,
        is_forwarded=FORWARDED in row.flags,
        is_draft=DRAFT in row.flags,
        has_attachment=row.has_attachment,
        place=place,
        subject_pieces=marked(subject, words) if words else None,
        preview_pieces=marked(row.preview, words) if words else None,
        sender_pieces=marked(sender, words) if words else None,
    )


def grouped(number: int) -> str:
    """Return a number with its thousands apart, in the person's language."""
    return number_format(number, use_l10n=True, force_grouping=True)


def range_text(first: int, last: int, total: int) -> str:
    """Return which rows of how many are shown."""
    if first == last:
        return _("%(first)s of %(total)s") % {"first": grouped(first), "total": grouped(total)}
    return _("%(first)s–%(last)s of %(total)s") % {
        "first": grouped(first),
        "last": grouped(last),
        "total": grouped(total),
    }


def names(people: Sequence[Address]) -> str:
    """Return the names of up to three people on one line."""
    shown = [person.shown for person in people[:MAX_NAMES]]
    return ", ".join(shown) + (" …" if len(people) > MAX_NAMES else "")


def with_days(rows: list[ListRow]) -> list[ListRow]:
    """Set `day` on the first row of each group: today, yesterday, this week, months."""
    now = timezone.localtime()
    zone = now.tzinfo
    before = ""
    shown: list[ListRow] = []
    for row in rows:
        label = day_label(row.received_at.astimezone(zone).date(), now.date())
        shown.append(replace(row, day=label) if label != before else row)
        before = label
    return shown


def day_label(day: date, today: date) -> str:
    """Return the heading for a day: exact nearby, coarse far away."""
    age = (today - day).days
    if age <= 0:
        return _("Today")
    if age == 1:
        return _("Yesterday")
    if age < 7 and day.weekday() < today.weekday():
        return _("This week")
    if age < 14 and age - today.weekday() <= 7:
        return _("Last week")
    if (day.year, day.month) == (today.year, today.month):
        return _("This month")
    return pgettext("heading of a month in a list of messages", "%(month)s/%(year)s") % {
        "month": day.month,
        "year": day.year,
    }


def _page_of(session: Session, uid: int, total: int) -> int:
    """Return the page that holds a UID of the selected folder, 0 when it is not there."""
    sequence = messages.sequence_of(session, uid)
    return (total - sequence) // PAGE_SIZE + 1 if sequence else 0
