"""What IMAP answers, in our words: folders, states, rows, moved messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webmail.message.headers import Headers
from webmail.message.structure import BodyPart

SEEN = b"\\Seen"
ANSWERED = b"\\Answered"
FLAGGED = b"\\Flagged"
DRAFT = b"\\Draft"
DELETED = b"\\Deleted"
FORWARDED = b"$Forwarded"
JUNK = b"$Junk"
NOT_JUNK = b"$NotJunk"
HAS_ATTACHMENT = b"$HasAttachment"
HAS_NO_ATTACHMENT = b"$HasNoAttachment"


@dataclass(frozen=True, slots=True)
class Folder:
    """An IMAP mailbox. Counts are None for one that only holds others, or that could not be counted."""

    path: str
    delimiter: str
    special_use: (
        str  # "inbox", "sent", "drafts", "archive", "junk", "trash", "all", "flagged" or ""
    )
    is_selectable: bool
    has_children: bool
    is_subscribed: bool
    message_count: int | None
    unseen_count: int | None
    uid_validity: int
    uid_next: int
    highest_mod_seq: int

    @property
    def name(self) -> str:
        """The last piece of the path."""
        return self.path.rpartition(self.delimiter)[2] if self.delimiter else self.path

    @property
    def depth(self) -> int:
        """How many folders it lies in."""
        return self.path.count(self.delimiter) if self.delimiter else 0

    @property
    def is_empty(self) -> bool:
        """Whether it holds neither messages nor folders for certain: one not counted may hold some."""
        return self.message_count == 0 and not self.has_children


@dataclass(frozen=True, slots=True)
class Selected:
    """The state of a folder when it was selected."""

    path: str
    message_count: int
    uid_validity: int
    uid_next: int
    highest_mod_seq: int


@dataclass(frozen=True, slots=True)
class Row:
    """One message as a list shows it. `sequence` counts from 1, oldest first."""

    sequence: int
    uid: int
    flags: frozenset[bytes]
    size_bytes: int
    received_at: datetime
    preview: str
    headers: Headers
    has_attachment: bool


@dataclass(frozen=True, slots=True)
class MessageData:
    """One message as the reader needs it; the headers may be cut at their limit."""

    sequence: int
    uid: int
    flags: frozenset[bytes]
    size_bytes: int
    received_at: datetime
    headers: Headers
    structure: BodyPart


@dataclass(frozen=True, slots=True)
class Moved:
    """Where messages went: `uids` maps old to new; empty when the server did not say."""

    folder: str
    uid_validity: int
    uids: dict[int, int]


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a message was stored."""

    folder: str
    uid_validity: int
    uid: int
