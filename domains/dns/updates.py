"""Writes records into the operator's own zone by RFC 2136 updates, signed with TSIG."""

from __future__ import annotations

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

TTL_SECONDS = 300
_SECONDS = 4
_CHUNK = 250  # below the 255 bytes of RFC 1035 section 3.3.14


class UpdateRefused(Exception):
    """The operator's name server did not take the record; the text says why."""


def put_txt(name: str, text: str) -> None:
    """Make `text` the only TXT record of `name`. Raises UpdateRefused."""
    server = stack().dns_update_server
    quoted = " ".join(f'"{text[at : at + _CHUNK]}"' for at in range(0, len(text), _CHUNK))
    try:
        owner = dns.name.from_text(name)
        update = dns.update.UpdateMessage(
            _zone(owner, server),
            keyring=dns.tsigkeyring.from_text({stack().dns_update_key: stack().secret("tsig_key")}),
            keyname=dns.name.from_text(stack().dns_update_key),
            keyalgorithm=dns.tsig.HMAC_SHA256,
        )
        update.replace(owner, TTL_SECONDS, "TXT", quoted)
        reply = dns.query.tcp(update, server, timeout=_SECONDS)
    except (OSError, ValueError, dns.exception.DNSException) as exc:
        raise UpdateRefused(str(exc)) from exc
    if reply.rcode() != dns.rcode.NOERROR:
        raise UpdateRefused(dns.rcode.to_text(reply.rcode()))


def _zone(owner: dns.name.Name, server: str) -> dns.name.Name:
    """Return the zone that holds `owner`: the nearest name above it with a start of authority."""
    name = owner
    while name != dns.name.root:
        reply = dns.query.udp(dns.message.make_query(name, "SOA"), server, timeout=_SECONDS)
        if any(one.rdtype == dns.rdatatype.SOA and one.name == name for one in reply.answer):
            return name
        name = name.parent()
    raise UpdateRefused("no zone")
