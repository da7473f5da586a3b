"""What Postfix's lines say about a message: its Message-ID, that it is accepted, where it went."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from mailserver.logs.line import LogLine

# Never all small letters: "warning: …" is no queue id.
_QUEUE_ID = re.compile(r"(?P<id>(?=[a-z]*[0-9A-Z])[0-9A-Za-z]{6,20}): (?P<rest>.*)", re.DOTALL)
_MESSAGE_ID = re.compile(r"message-id=(?P<id><[^<>\s]{1,253}>)")
_ACTIVE = re.compile(r"from=<.*>, size=\d+, nrcpt=\d+ \(queue active\)")
# Only with a password: by a token the webmail's outbox hands over what it was given
_SIGNED_IN = re.compile(
    r"client=\S+, sasl_method=(?:PLAIN|LOGIN), sasl_username=(?P<name>\S{3,320})", re.IGNORECASE
)
_EXPIRED = re.compile(r"from=<.*>, status=(?:force-)?expired, returned to sender")
_STATUS = re.compile(
    r"to=<(?P<to>.*?)>, (?:orig_to=<(?P<orig>.*?)>, )?relay=(?P<relay>[^,]+), "
    r"(?:conn_use=(?P<use>\d+), )?delay=[\d.]+, delays=[\d./]+, "
    r"dsn=(?P<dsn>[245]\.\d{1,3}\.\d{1,3}), status=(?P<status>sent|deferred|bounced) "
    r"\((?P<said>.*)\)",
    re.DOTALL,
)
_TLS = re.compile(
    r"(?:Anonymous|Untrusted|Trusted|Verified) TLS connection established to "
    r"(?P<relay>\S+\[[^\]\s]+\]:[^:\s]+): (?P<protocol>\S+)"
)
_REPLY = re.compile(
    r"(?:host \S+ (?:said|refused to talk to me): )?(?P<code>[2-5]\d\d)(?:[ -]|$)"
    r"(?:(?P<enhanced>[245]\.\d{1,3}\.\d{1,3})(?: |$))?(?P<text>.*)",
    re.DOTALL,
)
_IN_REPLY = re.compile(r" \(in reply to [A-Za-z .-]{1,40} command\)$")


@dataclass(frozen=True, slots=True)
class MessageIdNamed:
    """cleanup gave a queue id to a message; it may still be refused."""

    queue_id: str
    message_id: str  # with angle brackets


@dataclass(frozen=True, slots=True)
class Accepted:
    """The queue manager spoke of the queue id: the message was taken over."""

    queue_id: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A mail program hands over a message, signed in with a password."""

    address: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Postfix gave up on every recipient of the queue id that was still waiting."""

    queue_id: str


@dataclass(frozen=True, slots=True)
class TlsEstablished:
    """The process on this line speaks TLS with `relay` from now on."""

    relay: str
    protocol: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer taken apart; `code` None when no server spoke."""

    code: int | None
    enhanced: str
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """The last word about one recipient. `status` is sent, deferred or bounced."""

    queue_id: str
    recipient: str
    original_recipient: str  # empty: the same
    relay: str  # "mx.partner.test[127.62.16.25]:25"; empty: none was reached
    is_reused_connection: bool
    status: str
    reply: Reply


Event: TypeAlias = MessageIdNamed | Accepted | SignedIn | Expired | TlsEstablished | Status


def read_event(line: LogLine) -> Event | None:
    """Return what the line says, None when it says nothing we keep."""
    if tls := _TLS.match(line.text):
        return TlsEstablished(tls["relay"], tls["protocol"])
    named = _QUEUE_ID.fullmatch(line.text)
    if named is None:
        return None
    queue_id, rest = named["id"], named["rest"]
    if line.service == "cleanup":
        match = _MESSAGE_ID.fullmatch(rest)
        return MessageIdNamed(queue_id, match["id"]) if match else None
    if line.service == "smtpd":
        match = _SIGNED_IN.fullmatch(rest)
        return SignedIn(match["name"].lower()) if match else None
    if line.service in {"qmgr", "oqmgr"} and not rest.startswith("to="):
        return _queue_manager(queue_id, rest)
    return _status(queue_id, rest)


def _queue_manager(queue_id: str, rest: str) -> Event | None:
    if _EXPIRED.fullmatch(rest):
        return Expired(queue_id)
    if rest == "removed" or _ACTIVE.fullmatch(rest):
        return Accepted(queue_id)
    return None


def _status(queue_id: str, rest: str) -> Status | None:
    match = _STATUS.fullmatch(rest)
    if match is None:
        return None
    relay = match["relay"]
    return Status(
        queue_id=queue_id,
        recipient=match["to"],
        original_recipient=match["orig"] or "",
        relay="" if relay == "none" else relay,
        is_reused_connection=match["use"] is not None,
        status=match["status"],
        reply=read_reply(match["said"], enhanced=match["dsn"]),
    )


def read_reply(said: str, *, enhanced: str = "") -> Reply:
    """Take the words in parentheses apart; `enhanced` is used when they carry no code of their own.

    Of a reply over several lines, which Postfix joins by spaces, the first line's codes count.
    """
    words = _IN_REPLY.sub("", said)
    match = _REPLY.fullmatch(words)
    if match is None:
        return Reply(None, enhanced, words)
    return Reply(int(match["code"]), match["enhanced"] or enhanced, match["text"])
