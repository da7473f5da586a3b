"""Edits the boxed DNS by RFC 2136, signed with the stack's own key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update

from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Callable


TTL_SECONDS = 5
_TEXT_CHUNK = 255  # RFC 1035 section 3.3.14: longest character-string


class NotChanged(Exception):
    """The server did not take the edit; the text says why."""


def publish(name: str, rdtype: str, *values: str) -> None:
    """Put `values` in place of what `name` has of this type. Raises NotChanged.

    A TXT value may be given bare; it is quoted and cut into pieces as the record wants it.
    """
    owner = dns.name.from_text(name)
    texts = [_quoted(value) if rdtype.upper() == "TXT" else value for value in values]

    def fill(update: dns.update.UpdateMessage) -> None:
        update.delete(owner, rdtype)
        for text in texts:
            update.add(owner, TTL_SECONDS, rdtype, text)

    _send(owner, fill)


def withdraw(name: str, rdtype: str = "") -> None:
    """Remove what `name` has of this type, or all of it. Raises NotChanged."""
    owner = dns.name.from_text(name)

    def fill(update: dns.update.UpdateMessage) -> None:
        if rdtype:
            update.delete(owner, rdtype)
        else:
            update.delete(owner)

    _send(owner, fill)


def _send(owner: dns.name.Name, fill: Callable[[dns.update.UpdateMessage], None]) -> None:
    host = stack()
    server = host.box_address(53)
    keys = dns.tsigkeyring.from_text({"hopthu": host.secret("tsig_key")})
    try:
        update = dns.update.UpdateMessage(
            _zone(owner, server),
            keyring=keys,
            keyname=dns.name.from_text("hopthu"),
            keyalgorithm=dns.tsig.HMAC_SHA256,
        )
        fill(update)
        reply = dns.query.tcp(update, server, timeout=5)
    except (OSError, dns.exception.DNSException) as error:
        raise NotChanged(f"The boxed DNS server does not answer: {error}") from error
    if reply.rcode() != dns.rcode.NOERROR:
        raise NotChanged(f"The boxed DNS server says {dns.rcode.to_text(reply.rcode())}.")


def _zone(owner: dns.name.Name, server: str) -> dns.name.Name:
    """Return the zone that holds `owner`: the nearest name above it with a start of authority.

    Asked name by name, because the answer for an alias may be about the zone it leads to.
    """
    name = owner
    while name != dns.name.root:
        reply = dns.query.udp(dns.message.make_query(name, "SOA"), server, timeout=5)
        if any(one.rdtype == dns.rdatatype.SOA and one.name == name for one in reply.answer):
            break
        name = name.parent()
    return name


def _quoted(value: str) -> str:
    if value.startswith('"'):
        return value
    safe = value.replace("\\", "\\\\").replace('"', '\\"')
    pieces = [safe[at : at + _TEXT_CHUNK] for at in range(0, len(safe), _TEXT_CHUNK)] or [""]
    return " ".join(f'"{piece}"' for piece in pieces)
