"""What an answer starts from: whom it goes to, its subject, its thread and the quoted text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from webmail.message.markup import CleanMarkup, escaped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from webmail.message.address import Address
    from webmail.message.headers import Headers

MAX_QUOTED_LINES = 3_000
_PREFIX = re.compile(
    r"\A\s*(?:re|aw|antw|sv|vs|odp|trả lời|tl|rv)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*", re.IGNORECASE
)
_FORWARD = re.compile(
    r"\A\s*(?:fwd?|wg|tr|chuyển tiếp|ct)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*", re.IGNORECASE
)
# the line to write on and one that stays between the answer and what it answers
_ROOM = CleanMarkup("<div><br></div><div><br></div>")
_SIGNATURE = re.compile(r"^-- ?$.*\Z", re.MULTILINE | re.DOTALL)


class Mode(StrEnum):
    """How a letter answers another one."""

    REPLY = "reply"
    REPLY_ALL = "reply-all"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom an answer goes to."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()


def recipients(headers: Headers, own: Collection[str], mode: Mode) -> Recipients:
    """Return whom the answer goes to. `own` are the sender's addresses in lower case.

    Answering one's own letter goes to those it went to. Nobody is named twice, and oneself
    only when nobody else is left.
    """
    if mode is Mode.FORWARD:
        return Recipients(())
    sender = headers.addresses("From")
    asked = _usable(headers.addresses("Reply-To")) or _usable(sender)
    first_to, first_cc = _usable(headers.addresses("To")), _usable(headers.addresses("Cc"))
    is_own = bool(sender) and all(person.email.lower() in own for person in sender)
    to = first_to if is_own and first_to else asked
    if mode is Mode.REPLY:
        return Recipients(_once(to, set()))
    others = first_cc if is_own and first_to else (*first_to, *first_cc)
    seen = set(own)
    answered = _once(to, seen) or _once(to, set())
    return Recipients(answered, _once(others, seen | {p.email.lower() for p in answered}))


def answering_address(headers: Headers, own: Iterable[str]) -> str:
    """Return which of one's own addresses the letter came to, or was sent from; empty: none named."""
    known = {address.lower(): address for address in own}
    for name in ("Delivered-To", "X-Original-To", "To", "Cc", "From"):
        for person in headers.addresses(name):
            if person.email.lower() in known:
                return known[person.email.lower()]
    return ""


def subject(given: str, mode: Mode) -> str:
    """Return the subject of the answer: one prefix, however many came before."""
    bare = given
    pattern = _FORWARD if mode is Mode.FORWARD else _PREFIX
    while (match := pattern.match(bare)) and match.end():
        bare = bare[match.end() :]
    prefix = "Fwd: " if mode is Mode.FORWARD else "Re: "
    return (prefix + bare.strip())[:900]


def thread(headers: Headers) -> tuple[str, tuple[str, ...]]:
    """Return In-Reply-To and References of an answer (RFC 5322 section 3.6.4), without brackets."""
    parent = headers.message_id()
    known = headers.message_ids("References") or headers.message_ids("In-Reply-To")[:1]
    return parent, tuple(dict.fromkeys([*known, *([parent] if parent else [])]))


def quote_text(text: str, attribution: str) -> str:
    """Return `text` behind quote marks, without its signature, below who wrote it."""
    body = _SIGNATURE.sub("", text.replace("\r\n", "\n")).rstrip()
    lines = body.split("\n")[:MAX_QUOTED_LINES]
    quoted = (f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines)
    return "\n".join(["", "", attribution, *quoted, ""])


def quote_html(washed: CleanMarkup, attribution: str) -> CleanMarkup:
    """Return washed HTML as a quotation below who wrote it."""
    return CleanMarkup(
        f"{_ROOM}<div>{escaped(attribution)}</div>"
        f'<blockquote type="cite">{washed}</blockquote><div><br></div>'
    )


def forward_html(washed: CleanMarkup, title: str, facts: Iterable[tuple[str, str]]) -> CleanMarkup:
    """Return washed HTML below the head of the letter that is passed on."""
    head = "".join(
        f"<b>{escaped(name)}:</b> {escaped(value)}<br>" for name, value in facts if value
    )
    return CleanMarkup(
        f"{_ROOM}<div>---------- {escaped(title)} ----------<br>{head}</div>"
        f"<div><br></div><div>{washed}</div>"
    )


def forward_text(text: str, title: str, facts: Iterable[tuple[str, str]]) -> str:
    """Return the text below the head of the letter that is passed on."""
    head = [f"{name}: {value}" for name, value in facts if value]
    return "\n".join(
        ["", "", f"---------- {title} ----------", *head, "", text.replace("\r\n", "\n")]
    )


def text_as_html(text: str) -> CleanMarkup:
    """Return plain text line by line; quote marks become quotations."""
    out: list[str] = []
    depth = 0
    for line in text.replace("\r\n", "\n").rstrip("\n").split("\n"):
        marks = len(line) - len(line.lstrip(">")) if line.startswith(">") else 0
        content = line[marks:].removeprefix(" ") if marks else line
        while depth < min(marks, 20):
            out.append('<blockquote type="cite">')
            depth += 1
        while depth > marks:
            out.append("</blockquote>")
            depth -= 1
        out.append(f"<div>{escaped(content).replace('  ', '&nbsp; ') or '<br>'}</div>")
    out.append("</blockquote>" * depth)
    return CleanMarkup("".join(out))


def _usable(people: Iterable[Address]) -> tuple[Address, ...]:
    return tuple(person for person in people if person.email and "@" in person.email)


def _once(people: Iterable[Address], seen: set[str]) -> tuple[Address, ...]:
    kept: list[Address] = []
    known = set(seen)
    for person in people:
        if person.email.lower() not in known:
            known.add(person.email.lower())
            kept.append(person)
    return tuple(kept)
