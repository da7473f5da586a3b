"""Messages: list rows, structure, parts, flags, moves, appends. Every reference is checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from webmail.errors import MessageGone, StaleReference
from webmail.imap.client import refuse_unsafe
from webmail.imap.errors import translated
from webmail.imap.session import Answer, Literal, Session, folder_name
from webmail.imap.tokenizer import Token, pairs, tokenize
from webmail.imap.types import (
    DELETED,
    HAS_ATTACHMENT,
    Appended,
    MessageData,
    Moved,
    Row,
    Selected,
)
from webmail.message.headers import parse_headers
from webmail.message.preview import clean_preview
from webmail.message.structure import parse_structure

MAX_HEADER_OCTETS = 256 * 1024
_ROW_HEADER = b"BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)]"
_ROW_ITEMS = b"(UID FLAGS RFC822.SIZE INTERNALDATE PREVIEW " + _ROW_HEADER + b")"
_FLAG = re.compile(rb"\A\\?[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|~}]+\Z")
_PART_NUMBER = re.compile(r"\A[1-9]\d{0,4}(\.[1-9]\d{0,4}){0,80}\Z")
_COPYUID = re.compile(rb"\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]")
_APPENDUID = re.compile(rb"\[APPENDUID (\d+) (\d+)\]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    b"Jan",
    b"Feb",
    b"Mar",
    b"Apr",
    b"May",
    b"Jun",
    b"Jul",
    b"Aug",
    b"Sep",
    b"Oct",
    b"Nov",
    b"Dec",
)
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}


# ---- reading


def open_folder(session: Session, path: str, uid_validity: int | None = None) -> Selected:
    """Select a folder. Raises FolderGone, and StaleReference when its UIDVALIDITY is another."""
    selected = session.select(path)
    if uid_validity is not None and selected.uid_validity != uid_validity:
        raise StaleReference(detail=f"{uid_validity} is now {selected.uid_validity}")
    return selected


def fetch_page(session: Session, first: int, last: int) -> list[Row]:
    """Return the rows of sequence numbers `first` to `last` of the selected folder, newest first.

    Costs the same in a folder of any size. Empty when `last` is below 1.
    """
    if last < 1:
        return []
    answer = session.command(b"FETCH", b"%d:%d" % (max(1, first), last), _ROW_ITEMS)
    return _rows(answer)


def fetch_rows(session: Session, uids: Sequence[int]) -> list[Row]:
    """Return the rows of these UIDs that are still there, newest first."""
    if not uids:
        return []
    return _rows(session.command(b"UID FETCH", uid_set(uids), _ROW_ITEMS))


def sequence_of(session: Session, uid: int) -> int:
    """Return the sequence number of a UID of the selected folder, 0 when it is not there."""
    answer = session.command(b"UID FETCH", b"%d" % checked_uid(uid), b"(UID)")
    return next((sequence for sequence, _ in fetched(answer)), 0)


def checked_uid(uid: int) -> int:
    """Return the UID if it can be one (RFC 9051: 32 bits). Raises MessageGone."""
    if not 0 < uid < 2**32:
        raise MessageGone(detail="no uid")
    return uid


def fetch_message(session: Session, uid: int) -> MessageData:
    """Return headers and structure of a message of the selected folder. Raises MessageGone."""
    header = b"BODY.PEEK[HEADER]<0.%d>" % MAX_HEADER_OCTETS
    items = b"(UID FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE " + header + b")"
    for sequence, data in fetched(session.command(b"UID FETCH", b"%d" % checked_uid(uid), items)):
        structure = data.get(b"BODYSTRUCTURE")
        if data.get(b"UID") == b"%d" % uid and isinstance(structure, list):
            return MessageData(
                sequence=sequence,
                uid=uid,
                flags=_flags(data),
                size_bytes=number(data.get(b"RFC822.SIZE")),
                received_at=internal_date(data.get(b"INTERNALDATE")),
                headers=parse_headers(_body(data)),
                structure=parse_structure(structure),
            )
    raise MessageGone(detail="no such uid")


def fetch_part(session: Session, uid: int, part_number: str, limit: int) -> bytes:
    """Return at most `limit` encoded octets of a part, without marking the message as read.

    Raises MessageGone; a part that is not there gives no octets.
    """
    return _fetch_octets(session, uid, _part(part_number), 0, limit)


def fetch_octets(session: Session, uid: int, part_number: str, start: int, size: int) -> bytes:
    """Return encoded octets of a part from `start` on; an empty part number means the message.

    Fewer than `size` octets mean that these were the last. Raises MessageGone.
    """
    section = _part(part_number) if part_number else b""
    return _fetch_octets(session, uid, section, start, size)


def fetch_part_header(session: Session, uid: int, part_number: str) -> bytes:
    """Return the MIME header of a part."""
    return _fetch_octets(session, uid, _part(part_number) + b".MIME", 0, 64 * 1024)


def fetch_source(session: Session, uid: int, limit: int) -> bytes:
    """Return at most `limit` octets of the whole message as received. Raises MessageGone."""
    return _fetch_octets(session, uid, b"", 0, limit)


def fetch_headers(session: Session, uid: int) -> bytes:
    """Return the header block of a message, cut at MAX_HEADER_OCTETS. Raises MessageGone."""
    return _fetch_octets(session, uid, b"HEADER", 0, MAX_HEADER_OCTETS)


def fetch_flags(session: Session, uids: Sequence[int]) -> dict[int, frozenset[bytes]]:
    """Return the flags of these UIDs that are still there."""
    if not uids:
        return {}
    answer = session.command(b"UID FETCH", uid_set(uids), b"(UID FLAGS)")
    return {number(data.get(b"UID")): _flags(data) for _, data in fetched(answer)}


# ---- changing


def add_flags(session: Session, uids: Sequence[int], flags: Iterable[bytes]) -> None:
    """Set flags on messages of the selected folder; UIDs that are gone are passed over."""
    _store(session, uids, b"+FLAGS.SILENT", flags)


def remove_flags(session: Session, uids: Sequence[int], flags: Iterable[bytes]) -> None:
    """Take flags off messages of the selected folder; UIDs that are gone are passed over."""
    _store(session, uids, b"-FLAGS.SILENT", flags)


def move(session: Session, uids: Sequence[int], path: str) -> Moved:
    """Move messages of the selected folder. Raises FolderGone when the target is not there."""
    if not uids:
        return Moved(path, 0, {})
    answer = session.command(b"UID MOVE", uid_set(uids), folder_name(path))
    return _moved(answer, path)


def copy(session: Session, uids: Sequence[int], path: str) -> Moved:
    """Copy messages of the selected folder. Raises FolderGone when the target is not there."""
    if not uids:
        return Moved(path, 0, {})
    return _moved(session.command(b"UID COPY", uid_set(uids), folder_name(path)), path)


def expunge(session: Session, uids: Sequence[int]) -> None:
    """Delete messages of the selected folder for good."""
    if uids:
        add_flags(session, uids, [DELETED])
        session.command(b"UID EXPUNGE", uid_set(uids))


def expunge_until(session: Session, last_uid: int) -> None:
    """Delete for good every message of the selected folder up to `last_uid`, whatever came later."""
    if last_uid > 0:
        everything = b"1:%d" % last_uid
        session.command(b"UID STORE", everything, b"+FLAGS.SILENT", b"(%b)" % DELETED)
        session.command(b"UID EXPUNGE", everything)


def append(
    session: Session,
    path: str,
    mime: bytes,
    flags: Iterable[bytes] = (),
    received_at: datetime | None = None,
) -> Appended:
    """Store a whole message (CRLF line ends). Raises FolderGone, MailboxFull."""
    parts: list[bytes | Literal] = [b"APPEND", folder_name(path), _flag_list(flags)]
    if received_at is not None:
        parts.append(_date_time(received_at))
    answer = session.command(*parts, Literal(mime), seconds=60)
    stored = _APPENDUID.search(answer.text)
    return Appended(path, int(stored[1]), int(stored[2])) if stored else Appended(path, 0, 0)


def uid_set(uids: Iterable[int]) -> bytes:
    """Return UIDs as a sequence set, neighbours as ranges: `1:3,7`. Raises MessageGone."""
    ranges: list[tuple[int, int]] = []
    for uid in sorted(set(map(checked_uid, uids))):
        if ranges and ranges[-1][1] == uid - 1:
            ranges[-1] = (ranges[-1][0], uid)
        else:
            ranges.append((uid, uid))
    return b",".join(b"%d" % a if a == b else b"%d:%d" % (a, b) for a, b in ranges)


def expand_set(text: bytes) -> list[int]:
    """Return the numbers of a sequence set in its order: `3,1:2` gives 3, 1, 2."""
    numbers: list[int] = []
    for piece in text.split(b","):
        low, _, high = piece.partition(b":")
        a, b = int(low), int(high or low)
        numbers.extend(range(a, b + 1) if a <= b else range(a, b - 1, -1))
    return numbers


# ---- pieces


def _rows(answer: Answer) -> list[Row]:
    rows = []
    for sequence, data in fetched(answer):
        uid = number(data.get(b"UID"))
        if not uid:
            continue
        flags = _flags(data)
        preview = data.get(b"PREVIEW")
        rows.append(
            Row(
                sequence=sequence,
                uid=uid,
                flags=flags,
                size_bytes=number(data.get(b"RFC822.SIZE")),
                received_at=internal_date(data.get(b"INTERNALDATE")),
                preview=clean_preview(preview) if isinstance(preview, bytes) else "",
                headers=parse_headers(_body(data)),
                has_attachment=HAS_ATTACHMENT in flags,
            )
        )
    rows.sort(key=lambda row: row.sequence, reverse=True)
    return rows


def fetched(answer: Answer) -> Iterator[tuple[int, dict[bytes, Token]]]:
    """Yield sequence number and items of each FETCH answer. Raises ConnectionLost for nonsense."""
    with translated():
        for line in answer.untagged:
            sequence, _, rest = line[2:].partition(b" ")
            if rest[:6] == b"FETCH ":
                items = tokenize(rest, 6)
                if items and isinstance(items[0], list):
                    yield int(sequence), pairs(items[0])


def _fetch_octets(session: Session, uid: int, section: bytes, start: int, size: int) -> bytes:
    item = b"(UID BODY.PEEK[%s]<%d.%d>)" % (section, start, size)
    for _, data in fetched(session.command(b"UID FETCH", b"%d" % checked_uid(uid), item)):
        if data.get(b"UID") == b"%d" % uid:
            return _body(data)
    raise MessageGone(detail="no such uid")


def _part(part_number: str) -> bytes:
    refuse_unsafe(part_number)
    if not _PART_NUMBER.match(part_number):
        raise MessageGone(detail="no part number")
    return part_number.encode("ascii")


def _body(data: dict[bytes, Token]) -> bytes:
    for name, value in data.items():
        if name.startswith(b"BODY["):
            return value if isinstance(value, bytes) else b""
    return b""


def _flags(data: dict[bytes, Token]) -> frozenset[bytes]:
    flags = data.get(b"FLAGS")
    return (
        frozenset(f for f in flags if isinstance(f, bytes))
        if isinstance(flags, list)
        else frozenset()
    )


def number(token: Token | None) -> int:
    """Return a number's value, 0 for anything else."""
    return int(token) if isinstance(token, bytes) and token.isdigit() else 0


def internal_date(token: Token | None) -> datetime:
    """Return `24-Nov-2026 13:42:00 +0700` as a datetime; 1970 when it is something else."""
    if not isinstance(token, bytes) or len(token) < 26:
        return _EPOCH
    try:
        day, month, year = int(token[:2]), _MONTH_NUMBERS[token[3:6]], token[7:11].decode()
        clock, zone = token[12:20].decode(), token[21:26].decode()
        return datetime.fromisoformat(f"{year}-{month:02d}-{day:02d}T{clock}{zone[:3]}:{zone[3:]}")
    except (ValueError, KeyError):
        return _EPOCH


def _date_time(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    return b'"%02d-%s-%04d %02d:%02d:%02d +0000"' % (
        moment.day,
        _MONTHS[moment.month - 1],
        moment.year,
        moment.hour,
        moment.minute,
        moment.second,
    )


def _store(session: Session, uids: Sequence[int], how: bytes, flags: Iterable[bytes]) -> None:
    if uids:
        session.command(b"UID STORE", uid_set(uids), how, _flag_list(flags))


def _flag_list(flags: Iterable[bytes]) -> bytes:
    """Return flags in parentheses. Raises UnsafeArgument for what cannot be a flag."""
    checked = []
    for flag in flags:
        refuse_unsafe(flag)
        refuse_unsafe(b"" if _FLAG.match(flag) else b"\0")
        checked.append(flag)
    return b"(" + b" ".join(checked) + b")"


def _moved(answer: Answer, path: str) -> Moved:
    for text in (*answer.untagged, answer.text):
        code = _COPYUID.search(text)
        if code:
            old, new = expand_set(code[2]), expand_set(code[3])
            return Moved(path, int(code[1]), dict(zip(old, new, strict=False)))
    return Moved(path, 0, {})
