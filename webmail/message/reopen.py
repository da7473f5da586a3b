"""Takes a draft or a failed letter apart again, so that it can be written on."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webmail.message.address import python_charset, to_text
from webmail.message.compose import Attachment
from webmail.message.flowed import from_flowed
from webmail.message.headers import Headers, parse_headers
from webmail.message.structure import safe_file_name

if TYPE_CHECKING:
    from email.message import Message

MAX_PARTS = 300
_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reopened:
    """A letter's pieces. `html` is not washed yet; empty when there was none."""

    headers: Headers
    text: str
    html: str
    attachments: tuple[Attachment, ...]


def reopen(mime: bytes) -> Reopened:
    """Return the pieces of a message of any origin. Never raises for what it contains."""
    message = email.message_from_bytes(mime)
    text = html = ""
    files: list[Attachment] = []
    for index, part in enumerate(message.walk()):
        if index >= MAX_PARTS:
            break
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        is_file = part.get_content_disposition() == "attachment" or bool(part.get_filename())
        if kind == "text/plain" and not is_file and not text:
            text = _flow(part, _text(part))
        elif kind == "text/html" and not is_file and not html:
            html = _inside(_text(part))
        else:
            files.append(_file(part, kind))
    return Reopened(parse_headers(mime), text, html, tuple(files))


def _octets(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: Message) -> str:
    octets = _octets(part)
    try:
        return octets.decode(python_charset(str(part.get_content_charset() or "utf-8")))
    except (LookupError, UnicodeError, ValueError):
        return to_text(octets)


def _flow(part: Message, text: str) -> str:
    lines = text.replace("\r\n", "\n")
    flowed = str(part.get_param("format", "")).lower() == "flowed"
    return (from_flowed(lines) if flowed else lines).rstrip("\n")


def _inside(html: str) -> str:
    match = _BODY.search(html)
    return match[1].strip() if match else html


def _file(part: Message, kind: str) -> Attachment:
    content_id = str(part.get("Content-ID") or "").strip().strip("<>")
    name = safe_file_name(str(part.get_filename() or "")) or "file"
    return Attachment(name, kind, _octets(part), content_id)
