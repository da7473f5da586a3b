"""Header fields of a message: unfolded, decoded, dated, within limits; never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from webmail.message.address import Address, decode_words, parse_addresses, to_text

MAX_BYTES = 512 * 1024
MAX_FIELDS = 4_000
MAX_MESSAGE_IDS = 200

_FIELD = re.compile(rb"^([!-9;-~]{1,200})[ \t]*:[ \t]*(.*(?:\r?\n[ \t].*)*)", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n(?=[ \t])|\r|\x00")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,998})>")
_DATE = re.compile(
    r"(?:[A-Za-z]{2,9}\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?[\s-]+(\d{2,4})"
    r"(?!\d)[\s,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([+-]\d{2}:?\d{2}|[A-Za-z]+)?"
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ZONES = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}


class Headers:
    """The fields of one header block in their order. Names are case-blind."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[tuple[str, bytes]]) -> None:
        self._fields = fields

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return iter(self._fields)

    def __contains__(self, name: str) -> bool:
        wanted = name.lower()
        return any(field == wanted for field, _ in self._fields)

    def raw(self, name: str) -> bytes:
        """Return the first field's unfolded bytes; empty when absent."""
        wanted = name.lower()
        return next((value for field, value in self._fields if field == wanted), b"")

    def all(self, name: str) -> list[bytes]:
        """Return every field of that name, topmost first, unfolded."""
        wanted = name.lower()
        return [value for field, value in self._fields if field == wanted]

    def text(self, name: str) -> str:
        """Return the first field decoded on one line; empty when absent."""
        return decode_words(self.raw(name))

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return the addresses of all fields of that name."""
        found: list[Address] = []
        for value in self.all(name)[:50]:
            found.extend(parse_addresses(value))
        return tuple(found)

    def sent_at(self) -> datetime | None:
        """Return the Date field as an aware datetime; None when it makes no sense."""
        return parse_date(self.raw("date"))

    def message_id(self) -> str:
        """Return the Message-ID without angle brackets; empty when there is none."""
        ids = self.message_ids("message-id")
        return ids[0] if ids else ""

    def message_ids(self, name: str) -> list[str]:
        """Return the ids of References or In-Reply-To without brackets: the newest of very many."""
        ids = _MESSAGE_ID.findall(to_text(self.raw(name)))
        return ids[:1] + ids[1:][-(MAX_MESSAGE_IDS - 1) :]


def parse_headers(raw: bytes) -> Headers:
    """Return the fields of a header block; what follows the first empty line is not read."""
    head = raw[:MAX_BYTES]
    for blank in (b"\r\n\r\n", b"\n\n"):
        end = head.find(blank)
        if end >= 0:
            head = head[: end + len(blank) // 2]
    fields: list[tuple[str, bytes]] = []
    for match in _FIELD.finditer(head):
        fields.append((match[1].decode("ascii").lower(), _FOLD.sub(b"", match[2]).strip()))
        if len(fields) >= MAX_FIELDS:
            break
    return Headers(fields)


def parse_date(raw: bytes | str) -> datetime | None:
    """Return a Date field as an aware datetime; None for the absurd (day 40, year 99999)."""
    text = raw if isinstance(raw, str) else raw[:200].decode("ascii", "replace")
    match = _DATE.search(text[:200])
    if match is None:
        return None
    month = _MONTHS.get(match[2].lower())
    if month is None:
        return None
    year = int(match[3])
    if len(match[3]) < 4:
        year += 2000 if year < 50 else 1900
    try:
        return datetime(
            year,
            month,
            int(match[1]),
            int(match[4]),
            int(match[5]),
            min(int(match[6] or 0), 59),
            tzinfo=_zone(match[7] or ""),
        )
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> timezone:
    if text[:1] in ("+", "-"):
        digits = text[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:4])
        if minutes >= 24 * 60:
            return UTC
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    return timezone(timedelta(hours=_ZONES.get(text.lower(), 0))) if text else UTC
