"""A letter while it is being written: what was typed, and what it answers; also as a draft's own field."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from webmail.message.address import Address, parse_addresses
from webmail.message.compose import Letter

if TYPE_CHECKING:
    from webmail.message.compose import Attachment
    from webmail.message.headers import Headers

FIELD = "X-Hopthu-Draft"  # in drafts only: what a header cannot say
_TYPED = ("to", "cc", "bcc")


@dataclass(frozen=True, slots=True)
class Answers:
    """The message a letter answers or passes on."""

    folder: str
    uid_validity: int
    uid: int
    is_forward: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """What stands in the composer. Recipients are text as typed, which may be unfinished.

    Message-IDs are without brackets; `html` is empty in plain text. `replaces` is the Message-ID
    of the draft that was opened, empty for one of our own or none.
    """

    compose_id: UUID
    sender: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    answers: Answers | None = None
    replaces: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written that could be missed."""
        return not (self.to or self.cc or self.bcc or self.subject.strip() or self.text.strip())


def message_id(compose_id: UUID, address: str) -> str:
    """Return the Message-ID (no brackets) of a letter: drafts and the sent message share it."""
    return f"{compose_id}@{address.rpartition('@')[2]}"


def compose_id_of(given: str, address: str) -> UUID | None:
    """Return the compose id inside a Message-ID that `message_id` made for this mailbox, else None."""
    head, _, domain = given.rpartition("@")
    if domain != address.rpartition("@")[2]:
        return None
    try:
        found = UUID(head)
    except ValueError:
        return None
    return found if str(found) == head else None


def next_compose_id(compose_id: UUID) -> UUID:
    """Return the id under which a letter that was taken back or failed is written on."""
    return uuid5(NAMESPACE_URL, f"again:{compose_id}")


def shown(person: Address) -> str:
    """Return an address as the recipient fields hold it: quoted where a comma would cut the name."""
    if not person.name:
        return person.email
    if any(sign in person.name for sign in '",;:<>()@\\[]'):
        escaped = person.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{person.email}>'
    return f"{person.name} <{person.email}>"


def shown_all(people: tuple[Address, ...]) -> str:
    """Return addresses as one recipient field holds them."""
    return ", ".join(shown(person) for person in people)


def draft_letter(writing: Writing, sender: Address, attachments: tuple[Attachment, ...]) -> Letter:
    """Return what is stored as the draft: recipients that are addresses, all else beside them."""
    return Letter(
        sender=sender,
        to=_addresses(writing.to),
        cc=_addresses(writing.cc),
        bcc=_addresses(writing.bcc),
        subject=one_field(writing.subject),
        text=writing.text,
        html=writing.html,
        attachments=attachments,
        in_reply_to=writing.in_reply_to,
        references=writing.references,
        extra={FIELD: packed(writing)},
    )


def one_field(text: str) -> str:
    """Return text fit for a header of a draft: breaks become blanks. Sending refuses them instead."""
    return "".join(c if c.isprintable() else " " for c in text.replace("\t", " "))


def packed(writing: Writing) -> str:
    """Return recipients as typed and what is answered, as ASCII in pieces a header can fold."""
    known: dict[str, Any] = {name: getattr(writing, name) for name in _TYPED}
    if writing.answers is not None:
        known["answers"] = asdict(writing.answers)
    letters = b64encode(json.dumps(known, ensure_ascii=False).encode()).decode("ascii")
    return " ".join(letters[i : i + 70] for i in range(0, len(letters), 70))


def unpacked(headers: Headers, writing: Writing) -> Writing:
    """Return `writing` with what the draft's own field holds; without one, with its headers."""
    from_headers: dict[str, Any] = {name: shown_all(headers.addresses(name)) for name in _TYPED}
    try:
        known = json.loads(b64decode(b"".join(headers.raw(FIELD).split()), validate=True))
        typed: dict[str, Any] = {name: str(known[name]) for name in _TYPED}
        answers = Answers(**known["answers"]) if "answers" in known else None
    except (binascii.Error, ValueError, TypeError, KeyError):
        return replace(writing, **from_headers)
    return replace(writing, **typed, answers=answers)


def _addresses(text: str) -> tuple[Address, ...]:
    from webmail.message.fields import UnsafeField, addresses

    found = []
    for person in parse_addresses(text):
        try:
            addresses("To", [person])
        except UnsafeField:
            continue
        found.append(person)
    return tuple(found)
