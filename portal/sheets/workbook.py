"""Reads the first sheet of an XLSX workbook as text (ECMA-376 part 1, section 18.3).

Only shared strings and cells are looked at. Formulas are never calculated: a cell gives the value
that the spreadsheet program stored last. Entities and document types are refused, and no part is
unpacked beyond MAX_PART bytes, whatever its header promises.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from django.utils.translation import gettext as _

from portal.sheets.errors import SheetRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

MAX_PART = 64 * 1024 * 1024  # bytes of XML: far more than the rows an import takes
MAX_PARTS = 1000
MAX_STRINGS = 2_000_000
MAX_TEXT = 32_767  # characters in a cell, as Excel itself
MAX_COLUMN = 100
_BOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINKED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_INTEGER = re.compile(r"-?\d+\.0+\Z")


def is_workbook(content: bytes) -> bool:
    """Return whether the file is a zip archive, as every XLSX is."""
    return content.startswith(b"PK\x03\x04")


def workbook_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) of the first sheet. Raises SheetRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheet = _first_sheet(archive)
            strings = _strings(archive)
            with _part(archive, sheet) as part:
                yield from _rows(part, strings)
    except DefusedXmlException as exc:
        raise SheetRefused(
            _(
                "The workbook contains entities, which no spreadsheet program writes. It was refused."
            ),
            detail=type(exc).__name__,
        ) from exc
    except (zipfile.BadZipFile, zlib.error, ParseError, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, LookupError) as exc:  # fmt: skip
        raise SheetRefused(
            _("The workbook is damaged or protected by a password. Save it anew as .xlsx or CSV."),
            detail=type(exc).__name__,
        ) from exc


class _Bounded:
    """A stream that refuses to give more than MAX_PART bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MAX_PART

    def read(self, size: int = 65_536) -> bytes:
        chunk = self._stream.read(size if size and size > 0 else 65_536)
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large()
        return chunk

    def __enter__(self) -> _Bounded:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stream.close()


def _too_large() -> SheetRefused:
    return SheetRefused(
        _("Unpacked, the workbook would be far larger than a list of mailboxes. It was refused.")
    )


def _part(archive: zipfile.ZipFile, name: str) -> _Bounded:
    if archive.getinfo(name).file_size > MAX_PART:
        raise _too_large()
    return _Bounded(archive.open(name))


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """Return the part of the first tab: the order of tabs is not that of the files' names."""
    names = set(archive.namelist())
    if len(names) > MAX_PARTS:
        raise _too_large()
    if names >= {_BOOK, _LINKS}:
        wanted = next(_elements(archive, _BOOK, "sheet"), {}).get(_LINKED)
        links = _elements(archive, _LINKS, "Relationship")
        target = next((link.get("Target", "") for link in links if link.get("Id") == wanted), "")
        sheet = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if sheet in names:
            return sheet
    raise SheetRefused(_("This is no Excel workbook (.xlsx) with a sheet in it."))


def _elements(archive: zipfile.ZipFile, name: str, tag: str) -> Iterator[dict[str, str]]:
    """Yield the attributes of every element `tag` of a part, whatever its namespace."""
    with _part(archive, name) as part:
        for _event, element in iterparse(part, events=("start",), forbid_dtd=True):
            if element.tag.rpartition("}")[2] == tag:
                yield element.attrib


def _strings(archive: zipfile.ZipFile) -> list[str]:
    name = "xl/sharedStrings.xml"
    if name not in archive.namelist():
        return []
    found: list[str] = []
    with _part(archive, name) as part:
        for _event, element in iterparse(part, events=("end",), forbid_dtd=True):
            if element.tag == f"{_NS}si":
                found.append(_text(element))
                element.clear()
            if len(found) > MAX_STRINGS:
                raise _too_large()
    return found


def _rows(part: _Bounded, strings: list[str]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    holder: Element | None = None
    for event, element in iterparse(part, events=("start", "end"), forbid_dtd=True):
        if element.tag == f"{_NS}sheetData" and event == "start":
            holder = element
        if element.tag != f"{_NS}row" or event == "start":
            continue
        stated = element.get("r", "")
        number = int(stated) if stated.isascii() and stated.isdigit() else number + 1
        yield number, _cells(element, strings)
        if holder is not None:
            holder.clear()


def _cells(row: Element, strings: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_NS}c"):
        column = _column(cell.get("r", ""), len(cells))
        if column >= MAX_COLUMN:
            break
        cells += [""] * (column - len(cells))
        cells.append(_value(cell, strings)[:MAX_TEXT])
    return cells


def _column(reference: str, default: int) -> int:
    letters = "".join(c for c in reference[:8] if "A" <= c <= "Z")
    if not letters or len(letters) > 3:
        return default
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return max(number - 1, default)


def _value(cell: Element, strings: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_NS}is")
        return "" if inline is None else _text(inline)
    raw = (cell.findtext(f"{_NS}v") or "").strip()
    if kind == "s":
        return strings[int(raw)] if raw.isdecimal() and int(raw) < len(strings) else ""
    if kind == "n" and _INTEGER.match(raw):
        return raw.partition(".")[0]
    return raw


def _text(element: Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_NS}t") if part.text)
