"""Looking again at the DNS of every domain, by the running worker against the boxed name server."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update

from bench import hosting
from bench.figures import Figure
from demo.box.records import TTL_SECONDS
from domains.models import Domain
from domains.selectors import expected_records
from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domains.dns.records import ExpectedRecord

A_MESSAGE = 25  # domains whose records fit into one update of 64 KiB
PATIENCE_SECONDS = 1200.0
DEAD_EACH = 100  # one domain of so many is delegated to a server that never answers


def measure(cursor: hosting.Cursor, number: int) -> list[Figure]:
    """Publish the records of `number` domains, then time three rounds: changed, confirmed, quiet."""
    with _silent_server() as silent:
        _publish(number, silent)
        seconds = [_round(cursor, number) for _ in range(3)]
    return [
        Figure("dns_round_all_changed", seconds[0], "s"),
        Figure("dns_round_all_confirmed", seconds[1], "s"),
        Figure("dns_round", seconds[2], "s", "<= 300", {"what": "domains", "value": number}),
    ]


@contextmanager
def _silent_server() -> Iterator[str]:
    """Hold a name server's port and never answer."""
    address = stack().box_address(54)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((address, 53))
        yield address


def _round(cursor: hosting.Cursor, number: int) -> float:
    """Make all domains due and wait for the worker's clock to have looked at every one."""
    values = {"names": [hosting.name_of(i + 1) for i in range(number)]}
    cursor.execute(
        "UPDATE domains_domain SET next_check_at = now() WHERE name = ANY(%(names)s)", values
    )
    cursor.execute("SELECT now()")
    values["since"] = cursor.fetchone()[0]
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE_SECONDS:
        cursor.execute(
            "SELECT count(*) FROM domains_domain"
            " WHERE name = ANY(%(names)s) AND checked_at < %(since)s",
            values,
        )
        if cursor.fetchone()[0] == 0:
            return round(time.monotonic() - begun, 1)
        time.sleep(0.5)
    raise RuntimeError("the worker has not looked at every domain in time")


def _publish(number: int, silent: str) -> None:
    names = [hosting.name_of(i + 1) for i in range(number)]
    dead = dns.name.from_text("dead-ns.test")
    for at in range(0, number, A_MESSAGE):
        some = names[at : at + A_MESSAGE]
        update = _update()
        update.replace(dead, TTL_SECONDS, "A", silent)
        for domain in Domain.objects.filter(name__in=some).prefetch_related("dkim_keys"):
            owner = dns.name.from_text(domain.name)
            if int("".join(filter(str.isdigit, domain.name))) % DEAD_EACH == 0:
                update.replace(owner, TTL_SECONDS, "NS", str(dead))
                continue
            for record in expected_records(domain):
                _add(update, record)
        reply = dns.query.tcp(update, stack().box_address(53), timeout=30)
        if reply.rcode() != dns.rcode.NOERROR:
            raise RuntimeError(f"the boxed DNS says {dns.rcode.to_text(reply.rcode())}")


def _add(update: dns.update.UpdateMessage, record: ExpectedRecord) -> None:
    value = record.value
    if record.rdtype == "TXT":
        value = " ".join(f'"{value[i : i + 250]}"' for i in range(0, len(value), 250))
    update.replace(dns.name.from_text(record.name), TTL_SECONDS, record.rdtype, value)


def _update() -> dns.update.UpdateMessage:
    keys = dns.tsigkeyring.from_text({"hopthu": stack().secret("tsig_key")})
    return dns.update.UpdateMessage(
        dns.name.root,
        keyring=keys,
        keyname=dns.name.from_text("hopthu"),
        keyalgorithm=dns.tsig.HMAC_SHA256,
    )
