"""Reads a CSV or XLSX file somebody uploaded: encoding and separator found out, every size bounded.

Memory is bounded by the size of the file: rows come one by one, and a compressed workbook is never
unpacked beyond its limits.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.sheets.errors import SheetRefused
from portal.sheets.workbook import is_workbook, workbook_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENCODINGS = ("utf-8", "utf-16", "cp1258", "cp1252")
SEPARATORS = (",", ";", "\t")
MAX_LINE = 65_536  # characters
MAX_CELLS = 100
_SAMPLE_LINES = 20
_VIETNAMESE = frozenset("ăâđêôơưĂÂĐÊÔƠƯ")
_TONES = "\u0300\u0301\u0303\u0309\u0323"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of text. `rows` can be walked once; each comes with its line in the file, from 1.

    `encoding` and `separator` are empty for a workbook. Walking may raise SheetRefused.
    """

    encoding: str
    separator: str
    rows: Iterator[tuple[int, list[str]]]


def read_sheet(content: bytes, *, encoding: str = "", separator: str = "") -> Sheet:
    """Return the table in `content`. Empty `encoding` or `separator`: found out. Raises SheetRefused."""
    if not content.strip(b"\0\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise SheetRefused(_("The file is empty."))
    if is_workbook(content):
        return Sheet("", "", _without_blanks(workbook_rows(content)))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetRefused(
            _("This is an old Excel file (.xls). Open it, save it as .xlsx or CSV, and try again.")
        )
    encoding = encoding or find_encoding(content)
    text = _decode(content, encoding)
    if "\0" in text:
        raise SheetRefused(
            _("The file contains NUL characters, so it is no table of text. Save it as CSV again.")
        )
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            raise SheetRefused(
                _("Line %(n)d is longer than any table needs. Is this really a CSV file?")
                % {"n": number}
            )
    separator = separator or find_separator(lines[:_SAMPLE_LINES])
    return Sheet(encoding, separator, _without_blanks(_csv_rows(text, separator)))


def find_encoding(content: bytes) -> str:
    """Return the encoding of a text: byte order marks first, then UTF-8, then what fits best."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = content[:4000]
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    if head[0::2].count(0) > len(head) // 4:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1258" if _looks_vietnamese(content) else "cp1252"
    return "utf-8"


def find_separator(lines: Iterable[str]) -> str:
    """Return the separator that cuts most lines into the same number of cells; else a comma."""
    sample = [line for line in lines if line.strip()]
    best, best_score = ",", (0, 0)
    for candidate in SEPARATORS:
        try:
            counts = [len(row) for row in csv.reader(sample, delimiter=candidate)]
        except csv.Error:
            continue
        if not counts or counts[0] < 2:
            continue
        score = (sum(count == counts[0] for count in counts) * 2 > len(counts), counts[0])
        if score > best_score:
            best, best_score = candidate, score
    return best


def _decode(content: bytes, encoding: str) -> str:
    if encoding == "utf-8":
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as exc:
        raise SheetRefused(
            _(
                "The file is not written in the encoding %(name)s. Choose another one, or save the "
                "file as “CSV UTF-8”."
            )
            % {"name": encoding.removesuffix("-sig").upper()}
        ) from exc
    return unicodedata.normalize("NFC", text.removeprefix("\ufeff"))


def _looks_vietnamese(content: bytes) -> bool:
    """Whether windows-1258 makes Vietnamese of it: its tones stand after the vowel they belong to."""
    try:
        text = unicodedata.normalize("NFC", content.decode("cp1258"))
    except UnicodeDecodeError:
        return False
    good = sum(1 for c in text if c in _VIETNAMESE or "\u1ea0" <= c <= "\u1ef9")
    odd = sum(1 for c in text if c in _TONES or "\u1e00" <= c < "\u1ea0")
    return good > 0 and odd == 0


def _csv_rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as exc:
        raise SheetRefused(
            _(
                "Line %(n)d cannot be read: a quotation mark is missing or stands in the wrong "
                "place, or a cell is far too long."
            )
            % {"n": line},
            detail=str(exc),
        ) from exc


def _without_blanks(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for line, cells in rows:
        if len(cells) > MAX_CELLS and any(cell.strip() for cell in cells[MAX_CELLS:]):
            raise SheetRefused(
                _("Line %(n)d has more than %(max)d cells. Is the separator right?")
                % {"n": line, "max": MAX_CELLS}
            )
        cleaned = [cell.strip() for cell in cells[:MAX_CELLS]]
        if any(cleaned):
            yield line, cleaned
