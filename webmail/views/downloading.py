"""Answers that are files: never shown by the browser, named safely."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from django.http import StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpResponseBase

LOCKED = "default-src 'none'; sandbox; frame-ancestors 'none'"


def download(chunks: Iterable[bytes], name: str) -> StreamingHttpResponse:
    """Return the octets as a file to save, of no type that a browser would run."""
    response = StreamingHttpResponse(chunks, content_type="application/octet-stream")
    response["Content-Disposition"] = disposition(name)
    locked(response)
    return response


def disposition(name: str) -> str:
    """Return `attachment` with the name in ASCII and in full (RFC 6266, 8187)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def locked(response: HttpResponseBase) -> None:
    """Add the headers of an answer that must not run, whatever it holds."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = LOCKED
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, max-age=3600"
