"""Reads IMAP answers: parentheses, quoted strings, literals and atoms become lists and bytes."""

from __future__ import annotations

import re
from typing import TypeAlias

Token: TypeAlias = "bytes | list[Token] | None"  # noqa: S105  # a piece of an answer, no secret

# One answer is one buffer with its literals inside. Branches: ( ) "quoted" {literal} atom.
# An atom may carry one bracket with blanks: BODY[HEADER.FIELDS (FROM TO)]<0>.
_NEXT = re.compile(
    rb'[ \t\r\n]*(?:(\()|(\))|"([^"\\]*(?:\\.[^"\\]*)*)"|~?\{(\d{1,10})\+?\}\r\n'
    rb'|([^ \t\r\n()"{\[\]]*(?:\[[^\]]*\][^ \t\r\n()"{]*)|[^ \t\r\n()"{]+))',
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class MalformedAnswer(ValueError):
    """The bytes are no IMAP data."""


def tokenize(buffer: bytes, start: int = 0) -> list[Token]:  # noqa: C901  # one hot loop
    """Return the tokens from `start` on. NIL is None, a parenthesis a list, all else bytes.

    No recursion, so depth costs nothing. Raises MalformedAnswer and nothing else.
    """
    top: list[Token] = []
    stack: list[list[Token]] = []
    current = top
    position, end = start, len(buffer)
    match = _NEXT.match
    while position < end:
        found = match(buffer, position)
        if found is None:
            if buffer[position:].strip(b" \t\r\n"):
                raise MalformedAnswer(f"at octet {position}")
            break
        position = found.end()
        branch = found.lastindex
        if branch == 5:
            atom = found[5]
            current.append(None if atom in (b"NIL", b"nil") else atom)
        elif branch == 3:
            text = found[3]
            current.append(_ESCAPED.sub(rb"\1", text) if b"\\" in text else text)
        elif branch == 4:
            size = int(found[4])
            if position + size > end:
                raise MalformedAnswer("literal cut short")
            current.append(buffer[position : position + size])
            position += size
        elif branch == 1:
            inner: list[Token] = []
            current.append(inner)
            stack.append(current)
            current = inner
        else:
            if not stack:
                raise MalformedAnswer("closed without opening")
            current = stack.pop()
    if stack:
        raise MalformedAnswer("opened without closing")
    return top


def pairs(tokens: list[Token]) -> dict[bytes, Token]:
    """Return `name value name value …` as a dict with upper-case names; a lone last name is dropped."""
    return {
        name.upper(): value
        for name, value in zip(tokens[::2], tokens[1::2], strict=False)
        if isinstance(name, bytes)
    }
