"""Turns any list into a file to download: CSV or XLSX, streamed, with the list's own filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model
from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.text import slugify

from portal.sheets import csv_stream, xlsx_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from portal.sheets.writing import Cell

CHUNK = 1000
Row = TypeVar("Row", bound=Model)
_TYPES = {
    "csv": ("text/csv; charset=utf-8", csv_stream),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_stream),
}


def export_asked(request: HttpRequest) -> str:
    """Return "csv" or "xlsx" when the list is wanted as a file; else an empty text."""
    asked = request.GET.get("export", "")
    return asked if asked in _TYPES else ""


def export(
    request: HttpRequest, name: str, head: Sequence[object], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse:
    """Return the file `export_asked` names, written while it is sent. `rows` are read only then."""
    kind = export_asked(request) or "csv"
    content_type, stream = _TYPES[kind]
    plain = slugify(name.replace("đ", "d").replace("Đ", "D")) or "hopthu"
    file_name = f"{plain}-{timezone.localdate():%Y-%m-%d}.{kind}"
    return StreamingHttpResponse(
        stream([str(title) for title in head], _as_now(rows)),
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _as_now(rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    """Read `rows` in the language and zone of the request, which is over when they are sent."""
    language, zone = translation.get_language() or "en", timezone.get_current_timezone()

    def read() -> Iterator[Sequence[Cell]]:
        with translation.override(language), timezone.override(zone):
            yield from rows

    return read()


def batches(rows: QuerySet[Row], *, size: int = CHUNK) -> Iterator[list[Row]]:
    """Yield the rows in lists of `size`, read by a cursor of the database."""
    chunk: list[Row] = []
    for row in rows.iterator(chunk_size=size):
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def moment_text(value: datetime | None) -> str:
    """Return a time as spreadsheets read it, in the zone that is active; empty for None."""
    return "" if value is None else f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
