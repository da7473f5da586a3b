"""Writes header fields (RFC 5322, 2047): pure ASCII, folded, and never more fields than were asked for."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webmail.message.address import Address

LINE = 76
_WORD_BYTES = 45  # 60 letters of base64, 72 with "=?utf-8?b?" and "?="
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN = re.compile(
    r"[A-Za-z0-9!#$%&'*+\-/^_`{|}~ ]*\Z"
)  # atext without = and ?, which announce words
_EMAIL = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[A-Za-z0-9.-]+\Z")
_ID = re.compile(r"[!-;=?-~]+\Z")


class UnsafeField(ValueError):
    """A value would break out of its header field."""


def unstructured(name: str, text: str) -> str:
    """Return a field of free text, a Subject."""
    _refuse_control(name, text)
    if text.isascii() and "=?" not in text:
        return _folded(name, text.split(" "))
    return _folded(name, _encoded_words(text))


def addresses(name: str, people: Iterable[Address]) -> str:
    """Return a field of addresses: From, To, Cc. Raises UnsafeField for what is no address."""
    words: list[str] = []
    for person in people:
        _refuse_control(name, person.name)
        if not _EMAIL.match(person.email):
            raise UnsafeField(f"{name}: {person.email!r}")
        if words:
            words[-1] += ","
        if person.name:
            words += [*_phrase(person.name), f"<{person.email}>"]
        else:
            words.append(person.email)
    return _folded(name, words)


def message_ids(name: str, ids: Iterable[str]) -> str:
    """Return a field of Message-IDs, given without angle brackets; odd ones are left out."""
    return _folded(name, [f"<{one}>" for one in ids if _ID.match(one) and len(one) < 900])


def plain(name: str, text: str) -> str:
    """Return a field whose value is ASCII and made by us: a date, an id."""
    _refuse_control(name, text)
    return f"{name}: {text.encode('ascii').decode()}\r\n"


def pieces(name: str, text: str) -> str:
    """Return a field of ASCII pieces, folded between them: data of our own in a draft."""
    _refuse_control(name, text)
    return _folded(name, text.encode("ascii").decode().split(" "))


def _refuse_control(name: str, text: str) -> None:
    if _CONTROL.search(text):
        raise UnsafeField(name)


def _phrase(text: str) -> list[str]:
    if _PLAIN.match(text) and text == text.strip(" ") and "  " not in text:
        return text.split(" ")
    if text.isascii() and "=?" not in text:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'.split(" ")
    return _encoded_words(text)


def _encoded_words(text: str) -> list[str]:
    """Cut at whole letters: each word stands for itself (RFC 2047 section 5)."""
    words: list[str] = []
    chunk = b""
    for letter in unicodedata.normalize("NFC", text):
        octets = letter.encode("utf-8", "replace")
        if len(chunk) + len(octets) > _WORD_BYTES:
            words.append(_word(chunk))
            chunk = b""
        chunk += octets
    words.append(_word(chunk))
    return words


def _word(octets: bytes) -> str:
    return f"=?utf-8?b?{b64encode(octets).decode('ascii')}?="


def _folded(name: str, words: list[str]) -> str:
    """Join with blanks; a blank may become CRLF and a blank, but no line is only blanks."""
    lines = [f"{name}:"]
    for word in words:
        line = f"{lines[-1]} {word}"
        if len(line) > LINE and lines[-1].strip() != f"{name}:" and word and lines[-1].strip():
            lines.append(f" {word}")
        else:
            lines[-1] = line
    return "\r\n".join(lines) + "\r\n"
