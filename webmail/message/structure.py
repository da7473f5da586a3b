"""The tree of a message's parts, read from IMAP's BODYSTRUCTURE (RFC 9051 section 7.5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from webmail.message.address import decode_words, python_charset, to_text

MAX_DEPTH = 60
MAX_PARTS = 10_000
MAX_FILE_NAME = 180

_SLASHES = re.compile(r"[/\\]+")
_RESERVED = re.compile(r'[<>:"|?*\x00-\x1f]')
_CONTINUED = re.compile(r"\A(.+?)\*(\d{1,3})(\*?)\Z")


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One part. `part_number` is what FETCH BODY[…] takes; empty for a multipart at the top.

    `size_bytes` counts the encoded octets. `subject` is that of an embedded message.
    """

    part_number: str
    media_type: str  # lower case: "text/plain", "multipart/mixed"
    params: dict[str, str] = field(default_factory=dict)
    content_id: str = ""
    description: str = ""
    encoding: str = "7bit"
    size_bytes: int = 0
    disposition: str = ""  # "attachment", "inline" or empty
    disposition_params: dict[str, str] = field(default_factory=dict)
    subject: str = ""
    parts: tuple[BodyPart, ...] = ()

    @property
    def is_multipart(self) -> bool:
        """Whether it only holds other parts."""
        return self.media_type.startswith("multipart/")

    @property
    def charset(self) -> str:
        """The declared character set; empty when none is."""
        return self.params.get("charset", "")

    @property
    def file_name(self) -> str:
        """A safe name to show and to save by; empty when the sender gave none."""
        given = self.disposition_params.get("filename") or self.params.get("name") or ""
        return safe_file_name(given)

    @property
    def decoded_size_bytes(self) -> int:
        """About how large the part is once decoded."""
        if self.encoding != "base64":
            return self.size_bytes
        line_ends = 2 * -(-self.size_bytes // 78)
        return (self.size_bytes - line_ends) * 3 // 4

    def walk(self) -> Iterator[BodyPart]:
        """Yield the part and all inside it in order."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.parts))

    def find(self, part_number: str) -> BodyPart | None:
        """Return the leaf with this number, None when there is none."""
        return next(
            (p for p in self.walk() if p.part_number == part_number and not p.is_multipart), None
        )


def safe_file_name(given: str) -> str:
    """Return a file name without path, controls, bidi tricks and reserved signs, cut to fit."""
    name = _RESERVED.sub("_", _SLASHES.sub("_", decode_words(given))).strip(" .")
    if len(name) > MAX_FILE_NAME:
        stem, dot, extension = name.rpartition(".")
        tail = dot + extension if dot and len(extension) <= 10 else ""
        name = (stem if tail else name)[: MAX_FILE_NAME - len(tail)] + tail
    return name


def parse_structure(tokens: Sequence[Any]) -> BodyPart:
    """Return the tree for the tokens of one BODYSTRUCTURE. Never raises.

    What is deeper than MAX_DEPTH or beyond MAX_PARTS is left out; the source still has it.
    """
    return _Reader().part(tokens, "", 0)


class _Reader:
    def __init__(self) -> None:
        self.count = 0

    def part(self, tokens: Sequence[Any], number: str, depth: int) -> BodyPart:
        self.count += 1
        if tokens and isinstance(tokens[0], list):
            return self._multipart(tokens, number, depth)
        return self._leaf(tokens, number or "1", depth)

    def _multipart(self, tokens: Sequence[Any], number: str, depth: int) -> BodyPart:
        children = 0
        while children < len(tokens) and isinstance(tokens[children], list):
            children += 1
        parts: list[BodyPart] = []
        if depth < MAX_DEPTH:
            for index in range(children):
                if self.count >= MAX_PARTS:
                    break
                child = f"{number}.{index + 1}" if number else str(index + 1)
                parts.append(self.part(tokens[index], child, depth + 1))
        subtype = _text(_at(tokens, children)).lower() or "mixed"
        disposition, disposition_params = _disposition(_at(tokens, children + 2))
        return BodyPart(
            part_number=number,
            media_type=f"multipart/{subtype}",
            params=_params(_at(tokens, children + 1)),
            disposition=disposition,
            disposition_params=disposition_params,
            parts=tuple(parts),
        )

    def _leaf(self, tokens: Sequence[Any], number: str, depth: int) -> BodyPart:
        kind = _text(_at(tokens, 0)).lower() or "application"
        subtype = _text(_at(tokens, 1)).lower() or "octet-stream"
        parts: tuple[BodyPart, ...] = ()
        subject = ""
        rest = 7  # after type, subtype, params, id, description, encoding, octets: the extensions
        if kind == "text":
            rest += 1  # lines
        elif kind == "message" and subtype in ("rfc822", "global"):
            rest += 3  # envelope, body, lines
            envelope = _at(tokens, 7)
            if isinstance(envelope, list):
                subject = decode_words(_bytes(_at(envelope, 1)))
            inner = _at(tokens, 8)
            if isinstance(inner, list) and depth < MAX_DEPTH and self.count < MAX_PARTS:
                parts = (self._embedded(inner, number, depth),)
        disposition, disposition_params = _disposition(_at(tokens, rest + 1))
        return BodyPart(
            part_number=number,
            media_type=f"{kind}/{subtype}"[:200],
            params=_params(_at(tokens, 2)),
            content_id=_text(_at(tokens, 3)).strip().strip("<>"),
            description=decode_words(_bytes(_at(tokens, 4))),
            encoding=_text(_at(tokens, 5)).strip().lower() or "7bit",
            size_bytes=_number(_at(tokens, 6)),
            disposition=disposition,
            disposition_params=disposition_params,
            subject=subject,
            parts=parts,
        )

    def _embedded(self, tokens: list[Any], number: str, depth: int) -> BodyPart:
        """Return the body of an embedded message; a lone part in it is numbered `number`.1."""
        if tokens and isinstance(tokens[0], list):
            return self.part(tokens, number, depth + 1)
        return self.part(tokens, f"{number}.1", depth + 1)


def _at(tokens: Sequence[Any], index: int) -> Any:
    return tokens[index] if index < len(tokens) else None


def _bytes(token: Any) -> bytes:
    return token if isinstance(token, bytes) else b""


def _text(token: Any) -> str:
    return to_text(token) if isinstance(token, bytes) else ""


def _number(token: Any) -> int:
    return int(token) if isinstance(token, bytes) and token.isdigit() and len(token) < 16 else 0


def _disposition(token: Any) -> tuple[str, dict[str, str]]:
    if not isinstance(token, list):
        return "", {}
    return _text(_at(token, 0)).lower(), _params(_at(token, 1))


def _params(token: Any) -> dict[str, str]:
    """Return parameters by lower-case name, RFC 2231 pieces put together."""
    if not isinstance(token, list):
        return {}
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name_token, value_token in zip(token[::2], token[1::2], strict=False):
        name, value = _text(name_token).lower(), _text(value_token)
        continued = _CONTINUED.match(name)
        if continued:
            pieces.setdefault(continued[1], {})[int(continued[2])] = (value, bool(continued[3]))
        elif name.endswith("*"):
            pieces.setdefault(name[:-1], {})[0] = (value, True)
        else:
            plain.setdefault(name, value)
    for name, parts in pieces.items():
        plain[name] = _joined_pieces(parts)
    return plain


def _joined_pieces(pieces: dict[int, tuple[str, bool]]) -> str:
    """Return the value of `name*0*=utf-8''…; name*1=…` (RFC 2231 sections 3 and 4)."""
    charset = "utf-8"
    octets = b""
    for index in sorted(pieces):
        value, is_encoded = pieces[index]
        if is_encoded and not octets and value.count("'") >= 2:
            label, _, value = value.split("'", 2)
            charset = label or charset
        octets += unquote_to_bytes(value) if is_encoded else value.encode()
    try:
        return octets.decode(python_charset(charset))
    except (LookupError, UnicodeError, ValueError):
        return to_text(octets)
