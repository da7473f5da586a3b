"""Addresses and encoded words of header fields (RFC 5322, 2047), whatever their shape; never raises."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp
from dataclasses import dataclass

MAX_CHARACTERS = 100_000
MAX_ADDRESSES = 2_000

_WORD = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?\s]*)?\?([bBqQ])\?([^?\s]*|[^?\r\n]*)\?=")
_BETWEEN = re.compile(r"[ \t\r\n]*\Z")
_SPACES = re.compile(r"\s+")
# C0 and C1 controls, bidi embeddings, overrides and isolates, line separators, byte order mark
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]"
)
_TOKEN = re.compile(
    r'"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"?|(?P<comment>\()|<(?P<angle>[^<>]*)>?'
    r'|(?P<special>[,;:])|(?P<space>\s+)|(?P<word>=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=|[^\s",;:<(=]+|.)',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ROUTE = re.compile(r"\A@[^:]*:")
_CHARSETS = {
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
    "x-unknown": "utf-8",
    "unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "default": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "x-gbk": "gb18030",
    "cp-850": "cp850",
    "tcvn": "cp1258",
    "x-viet-tcvn5712": "cp1258",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A person or machine in a header field. Either part may be empty; both are one line."""

    name: str
    email: str

    @property
    def shown(self) -> str:
        """The name, else the address."""
        return self.name or self.email

    @property
    def domain(self) -> str:
        """What follows the last @, in lower case; empty without one."""
        return self.email.rpartition("@")[2].lower() if "@" in self.email else ""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name and self.email else self.shown


def to_text(raw: bytes) -> str:
    """Return header bytes as text: UTF-8 when they are, else Windows Latin."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def python_charset(label: str) -> str:
    """Return Python's codec name for a charset label, as mail programs spell it."""
    name = label.strip().strip("\"'").lower()
    return _CHARSETS.get(name, name)


def one_line(text: str) -> str:
    """Return `text` without controls and bidi tricks, runs of white space as one space."""
    return _SPACES.sub(" ", _HIDDEN.sub("", text)).strip()


def decode_words(raw: str | bytes) -> str:
    """Return the text of an unstructured field (a subject) on one line, encoded words decoded."""
    text = raw if isinstance(raw, str) else to_text(raw[:MAX_CHARACTERS])
    return one_line(_decoded(text[:MAX_CHARACTERS]))


def parse_addresses(raw: str | bytes) -> tuple[Address, ...]:
    """Return the addresses of a From, To, Cc or Reply-To field, groups flattened.

    What cannot be an address is kept as a name without one, so that nothing is hidden.
    """
    text = raw if isinstance(raw, str) else to_text(raw[:MAX_CHARACTERS])
    text = text[:MAX_CHARACTERS]
    found: list[Address] = []
    part = _Part()
    position = 0
    while position < len(text) and len(found) < MAX_ADDRESSES:
        token = _TOKEN.match(text, position)
        if token is None:  # cannot happen: the last branch takes any character
            break
        position = token.end()
        kind = token.lastgroup
        if kind == "comment":
            comment, position = _comment(text, position)
            part.comments.append(comment)
        elif kind == "special":
            part.special(token["special"], found)
        elif kind == "quoted":
            part.words.append(_Quoted(_ESCAPE.sub(r"\1", token["quoted"])))
        elif kind == "angle":
            part.angle = token["angle"] if part.angle is None else part.angle
        else:
            part.words.append(token[0])
    part.finish(found)
    return tuple(found)


class _Quoted(str):
    __slots__ = ()


class _Part:
    """What was read of one address so far."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.comments: list[str] = []
        self.angle: str | None = None

    def special(self, sign: str, found: list[Address]) -> None:
        """Handle a comma, a semicolon (end of group) or a colon (start of group)."""
        if sign == ":" and self.angle is None and not any("@" in word for word in self.words):
            self.__init__()  # type: ignore[misc]  # a group's name says nothing about its members
        elif sign == ":":
            self.words.append(sign)
        else:
            self.finish(found)

    def finish(self, found: list[Address]) -> None:
        """Append the address read, if there is one, and start the next."""
        address = self._address()
        if address.name or address.email:
            found.append(address)
        self.__init__()  # type: ignore[misc]

    def _address(self) -> Address:
        comment = one_line(_decoded(" ".join(self.comments)))
        if self.angle is not None:
            email = _email(_ROUTE.sub("", self.angle))
            return Address(one_line(_decoded(_joined(self.words))) or comment, email)
        text = "".join(
            word if not isinstance(word, _Quoted) else f'"{word}"' for word in self.words
        )
        if "@" in text:
            return Address(comment, _email(text))
        return Address(one_line(_decoded(_joined(self.words))) or comment, "")


def _joined(words: list[str]) -> str:
    return "".join(words)


def _email(text: str) -> str:
    return _SPACES.sub("", _HIDDEN.sub("", _decoded(text) if "=?" in text else text))


def _comment(text: str, start: int) -> tuple[str, int]:
    """Return the comment that opened before `start` and the position after it (nesting allowed)."""
    depth, position = 1, start
    while position < len(text) and depth:
        sign = text[position]
        if sign == "\\":
            position += 1
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
        position += 1
    end = position - 1 if not depth else position
    return _ESCAPE.sub(r"\1", text[start:end]), position


def _decoded(text: str) -> str:
    """Replace encoded words. Neighbours of one charset are joined first: letters may be cut in two."""
    if "=?" not in text:
        return text
    out: list[str] = []
    pending: list[bytes] = []
    charset = ""
    last = 0
    for word in _WORD.finditer(text):
        gap = text[last : word.start()]
        adjacent = bool(pending) and _BETWEEN.match(gap) is not None
        if pending and not (adjacent and word[1].lower() == charset):
            out.append(_bytes_to_text(b"".join(pending), charset))
            pending = []
        if not adjacent:
            out.append(gap)
        charset = word[1].lower()
        pending.append(_word_bytes(word[2], word[3]))
        last = word.end()
    if pending:
        out.append(_bytes_to_text(b"".join(pending), charset))
    out.append(text[last:])
    return "".join(out)


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return a2b_qp(raw, header=True)
    try:
        return a2b_base64(raw + b"=" * (-len(raw) % 4))
    except Base64Error:
        return raw


def _bytes_to_text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(python_charset(charset))
    except (LookupError, UnicodeError, ValueError):
        return to_text(raw)
