"""Turns what the library and the server say into our own errors."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient.exceptions import IMAPClientError

from webmail.errors import (
    FolderExists,
    FolderGone,
    MailboxFull,
    MailUnavailable,
    NotPermitted,
    Refused,
    WebmailError,
)
from webmail.imap.tokenizer import MalformedAnswer

_CODE = re.compile(rb"\A\[([A-Z0-9-]+)")
_BY_CODE: dict[bytes, type[WebmailError]] = {
    b"OVERQUOTA": MailboxFull,
    b"NONEXISTENT": FolderGone,
    b"TRYCREATE": FolderGone,
    b"ALREADYEXISTS": FolderExists,
    b"NOPERM": NotPermitted,
    b"UNAVAILABLE": MailUnavailable,
    b"INUSE": MailUnavailable,
    b"SERVERBUG": MailUnavailable,
    b"CONTACTADMIN": MailUnavailable,
    b"CORRUPTION": MailUnavailable,
    b"LIMIT": MailUnavailable,
}


class ConnectionLost(MailUnavailable):
    """The connection is of no more use; the pool closes it."""


def refusal(status: bytes, text: bytes) -> WebmailError:
    """Return the error for a tagged NO or BAD with its text, by response code (RFC 5530)."""
    code = _CODE.match(text)
    kind = _BY_CODE.get(code[1], Refused) if code else Refused
    if kind is Refused and status == b"NO" and b"doesn't exist" in text:
        kind = FolderGone
    return kind(detail=f"{status.decode()} {text[:200].decode('utf-8', 'replace')}")


@contextmanager
def translated() -> Iterator[None]:
    """Turn library and socket errors of the block into MailUnavailable."""
    try:
        yield
    except (OSError, imaplib.IMAP4.error, IMAPClientError, MalformedAnswer, EOFError) as exc:
        raise ConnectionLost(detail=f"{type(exc).__name__}: {exc}"[:300]) from exc
