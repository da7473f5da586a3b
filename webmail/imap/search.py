"""Searching: filters of a list and the search box, answered as UIDs by the server's index."""

from __future__ import annotations

import re
from datetime import date, datetime

from webmail.imap.messages import expand_set, fetched, internal_date, number, uid_set
from webmail.imap.session import Literal, Session, astring
from webmail.message.query import Query, spellings

SEARCH_SECONDS = 30.0
_ALL = re.compile(rb"\bALL ([\d:,]+)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FILTERS = {
    "unread": (b"UNSEEN",),
    "starred": (b"FLAGGED",),
    "files": (b"KEYWORD", b"$HasAttachment"),
}
_STATES = {
    "unread": b"UNSEEN",
    "read": b"SEEN",
    "starred": b"FLAGGED",
    "answered": b"ANSWERED",
}


def filtered_uids(session: Session, view: str) -> list[int]:
    """Return the UIDs of the selected folder in a view (unread, starred, files), oldest first."""
    return _search(session, list(_FILTERS[view]))


def matching_uids(session: Session, query: Query) -> list[int]:
    """Return the UIDs of the selected folder that match, oldest first.

    A word counts anywhere in headers or body, without accents; one that begins with d or đ is
    asked both ways, because the index of Dovecot 2.3 keeps these two letters apart.
    """
    return _search(session, keys(query))


def keys(query: Query) -> list[bytes | Literal]:
    """Return the query as IMAP search keys. Raises UnsafeArgument."""
    found: list[bytes | Literal] = []
    for field, words in (
        (b"TEXT", query.words),
        (b"FROM", query.from_words),
        (b"TO", query.to_words),
        (b"SUBJECT", query.subject_words),
    ):
        for word in words:
            found += _word(field, word)
    found += [_STATES[state] for state in query.states]
    if query.has_attachment:
        found += _FILTERS["files"]
    if query.after:
        found += [b"SINCE", _day(query.after)]
    if query.before:
        found += [b"BEFORE", _day(query.before)]
    if query.larger_bytes:
        found += [b"LARGER", b"%d" % query.larger_bytes]
    if query.smaller_bytes:
        found += [b"SMALLER", b"%d" % query.smaller_bytes]
    return found or [b"ALL"]


def find_message_id(session: Session, message_id: str) -> list[int]:
    """Return the UIDs of the selected folder whose Message-ID holds `message_id`."""
    return _search(session, [b"HEADER", b"Message-ID", astring(message_id)])


def received_dates(session: Session, uids: list[int]) -> list[tuple[datetime, int]]:
    """Return (arrival, UID) for those UIDs that are still there, newest first."""
    if not uids:
        return []
    answer = session.command(b"UID FETCH", uid_set(uids), b"(UID INTERNALDATE)")
    found = [
        (internal_date(data.get(b"INTERNALDATE")), number(data.get(b"UID")))
        for _, data in fetched(answer)
    ]
    return sorted(found, reverse=True)


def _word(field: bytes, word: str) -> list[bytes | Literal]:
    ways = spellings(word)
    asked: list[bytes | Literal] = []
    for index, way in enumerate(ways):
        if index < len(ways) - 1:
            asked.append(b"OR")
        asked += [field, astring(way)]
    return asked


def _search(session: Session, criteria: list[bytes | Literal]) -> list[int]:
    answer = session.command(
        b"UID SEARCH", b"RETURN", b"(ALL)", b"CHARSET", b"UTF-8", *criteria, seconds=SEARCH_SECONDS
    )
    for line in answer.untagged:
        if line.startswith(b"* ESEARCH"):
            found = _ALL.search(line)
            return sorted(expand_set(found[1])) if found else []
    return []


def _day(day: date) -> bytes:
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04d}".encode("ascii")
