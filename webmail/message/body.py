"""Which parts of a message are read, which are files; and their octets as text."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes

from webmail.message.address import python_charset
from webmail.message.structure import BodyPart

MAX_SHOWN_PARTS = 20
MAX_FILES = 500
MAX_TEXT_OCTETS = 512 * 1024
MAX_HTML_OCTETS = 2 * 1024 * 1024
_SAMPLE = 32 * 1024
_GUESSED = [
    "cp1252",
    "cp1258",
    "cp1251",
    "koi8_r",
    "cp932",
    "euc_jp",
    "euc_kr",
    "gb18030",
    "big5",
    "cp1256",
    "cp1255",
    "cp1253",
    "cp874",
]

_IMAGES = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/jpg", "image/pjpeg")
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Bodies:
    """What to show of a message. `html` and `text` hold the parts in reading order.

    `html` is empty when nothing of it is HTML; `text` is the plain reading of the same, empty
    when there is none. `files` are what hangs on it, `inline` images that HTML refers to.
    """

    html: tuple[BodyPart, ...]
    text: tuple[BodyPart, ...]
    files: tuple[BodyPart, ...]
    inline: tuple[BodyPart, ...]
    files_left_out: int = 0


def choose(structure: BodyPart) -> Bodies:
    """Return the bodies and files of a message."""
    chooser = _Chooser()
    chooser.take(structure, in_related=False)
    has_html = any(part.media_type == "text/html" for part in chooser.rich)
    files, inline = chooser.files, chooser.inline
    if not has_html:  # nothing refers to the images, so they are files
        files, inline = files + inline, []
    return Bodies(
        html=tuple(chooser.rich[:MAX_SHOWN_PARTS]) if has_html else (),
        text=tuple(chooser.plain[:MAX_SHOWN_PARTS]),
        files=tuple(files[:MAX_FILES]),
        inline=tuple(inline[:MAX_FILES]),
        files_left_out=max(0, len(files) - MAX_FILES),
    )


class _Chooser:
    """Walks the tree once: `rich` prefers HTML, `plain` prefers text, in alternatives."""

    def __init__(self) -> None:
        self.rich: list[BodyPart] = []
        self.plain: list[BodyPart] = []
        self.files: list[BodyPart] = []
        self.inline: list[BodyPart] = []

    def take(self, part: BodyPart, *, in_related: bool) -> None:
        kind = part.media_type
        if kind == "multipart/alternative":
            self._alternative(part, in_related=in_related)
        elif kind == "multipart/related":
            for child in part.parts:
                self.take(child, in_related=True)
        elif kind == "multipart/signed":
            for child in part.parts[:1]:
                self.take(child, in_related=in_related)
            self._as_files(part.parts[1:])
        elif part.is_multipart:
            for child in part.parts:
                self.take(child, in_related=in_related)
        elif kind in ("text/plain", "text/html") and not _is_file(part):
            self.rich.append(part)
            self.plain.append(part)
        elif in_related and part.content_id and kind in _IMAGES:
            self.inline.append(part)
        else:
            self.files.append(part)

    def _alternative(self, part: BodyPart, *, in_related: bool) -> None:
        """Take the last alternative that can be shown as HTML, and the plain one beside it."""
        html = text = other = None
        for child in part.parts:
            holds = {leaf.media_type for leaf in child.walk() if not _is_file(leaf)}
            if "text/html" in holds:
                html = child
            elif "text/plain" in holds:
                text = child
            else:
                other = child if other is None else other
                self._as_files([child])
        if html is None and text is None:
            return
        before = len(self.plain)
        if html is not None:
            self.take(html, in_related=in_related)
        if text is not None:
            shown, files = len(self.rich), len(self.files)
            if html is not None:
                del self.plain[before:]
            self.take(text, in_related=in_related)
            if html is not None:
                del self.rich[shown:]
                del self.files[files:]

    def _as_files(self, parts: Iterator[BodyPart] | tuple[BodyPart, ...] | list[BodyPart]) -> None:
        for part in parts:
            self.files.extend(leaf for leaf in part.walk() if not leaf.is_multipart)


def _is_file(part: BodyPart) -> bool:
    return part.disposition == "attachment" or (
        part.disposition != "inline" and bool(part.file_name) and part.media_type != "text/html"
    )


def decode_transfer(octets: bytes, encoding: str) -> bytes:
    """Return the octets without their transfer encoding; what is broken is read as far as it goes."""
    if encoding == "base64":
        letters = _NOT_BASE64.sub(b"", octets)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets)
    return octets


class Base64Stream:
    """Decodes base64 that arrives in pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> bytes:
        """Return what of the pieces so far can be decoded."""
        letters = self._rest + _NOT_BASE64.sub(b"", octets)
        whole = len(letters) - len(letters) % 4
        self._rest = letters[whole:]
        return binascii.a2b_base64(letters[:whole])

    def end(self) -> bytes:
        """Return the last octets."""
        return decode_transfer(self._rest, "base64")


def decode_text(octets: bytes, charset: str) -> str:
    """Return the octets as text with LF line ends, controls dropped. Never raises.

    The declared charset counts when the octets fit it; then UTF-8; then a guess; then Windows
    Latin with marks for what cannot be read.
    """
    text = _decoded(octets, charset)
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(octets: bytes, charset: str) -> str:
    for label in (python_charset(charset), "utf-8"):
        try:
            return octets.decode(label)
        except (LookupError, UnicodeError, ValueError):
            continue
    # A cut at a size limit may split the last letter
    cut = octets.decode("utf-8", "replace")
    if cut.count("\ufffd") <= 2:
        return cut
    guess = from_bytes(octets[:_SAMPLE], threshold=0.3, cp_isolation=_GUESSED).best()
    return octets.decode(guess.encoding if guess else "cp1252", "replace")
