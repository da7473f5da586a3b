"""The toast after a deed without script: carried in the address, signed, with its Undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core import signing
from django.utils.http import urlencode

if TYPE_CHECKING:
    from django.http import HttpRequest

_SALT = "webmail.toast"
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Toast:
    """What was done, and the token to take it back; empty where nothing can."""

    text: str
    undo: str


def with_toast(url: str, text: str, undo: str = "") -> str:
    """Return `url` carrying the toast."""
    token = signing.dumps([text, undo], salt=_SALT, compress=True)
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'done': token})}"


def toast_of(request: HttpRequest) -> Toast | None:
    """Return the toast the address carries; None when it is old or not ours."""
    token = request.GET.get("done")
    if not token:
        return None
    try:
        text, undo = signing.loads(token, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        return None
    return Toast(text, undo)
