"""nginx sends customers' host names where mail programs are set up, and nowhere else."""

from __future__ import annotations

import base64
import http.client
import smtplib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    import imaplib
    import ssl
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.wire


def fetch(
    stack: Stack, host: str, path: str, *, body: bytes | None = None, source: str = "127.0.0.1"
) -> tuple[int, bytes]:
    """Ask the stack's web port under a host name; `source` is the visitor's own address."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", stack.port, timeout=10, source_address=(source, 0)
    )
    try:
        connection.request("POST" if body else "GET", path, body, {"Host": host})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_what_thunderbird_reads_leads_to_servers_that_let_the_person_in(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL], tls: ssl.SSLContext
) -> None:
    person = live.person()
    name = live.domain.name
    status, content = fetch(
        stack, f"autoconfig.{name}", f"/mail/config-v1.1.xml?emailaddress={person.address}"
    )
    assert status == 200
    provider = ET.fromstring(content)[0]
    ports = {
        (one.get("type"), one.findtext("socketType")): int(one.findtext("port") or 0)
        for one in provider
        if one.tag.endswith("Server")
    }
    assert ports[("imap", "SSL")] == imap(person).port
    plain = base64.b64encode(f"\0{person.address}\0{person.password}".encode()).decode()
    with smtplib.SMTP_SSL("127.0.0.1", ports[("smtp", "SSL")], context=tls) as client:
        client.ehlo()
        assert client.docmd("AUTH", f"PLAIN {plain}")[0] == 235
    with smtplib.SMTP("127.0.0.1", ports[("smtp", "STARTTLS")]) as client:
        client.starttls(context=tls)
        client.ehlo()
        assert client.docmd("AUTH", f"PLAIN {plain}")[0] == 235


def test_nothing_else_is_served_below_a_customers_name(stack: Stack, live: World) -> None:
    name = live.domain.name
    assert fetch(stack, f"mta-sts.{name}", "/.well-known/mta-sts.txt")[0] == 200
    for path in ("/", "/accounts/login/", "/static/css/base.css", "/push/", "/healthz"):
        assert fetch(stack, f"mta-sts.{name}", path)[0] == 404
    for host in ("evil.example", f"www.{name}", name):
        assert fetch(stack, host, "/accounts/login/")[0] == 421
    assert fetch(stack, "localhost", "/accounts/login/")[0] == 200


def test_a_long_request_ends_at_the_door(stack: Stack, live: World) -> None:
    status, _content = fetch(
        stack,
        f"autodiscover.{live.domain.name}",
        "/autodiscover/autodiscover.xml",
        body=b" " * 200_000,
    )
    assert status == 413


def test_a_stream_of_requests_from_one_visitor_is_slowed_down(stack: Stack, live: World) -> None:
    host, visitor = f"mta-sts.{live.domain.name}", "127.9.8.7"
    answers = [
        fetch(stack, host, "/.well-known/mta-sts.txt", source=visitor)[0] for _time in range(90)
    ]
    assert set(answers) == {200, 429}
    assert fetch(stack, host, "/.well-known/mta-sts.txt", source="127.9.8.6")[0] == 200
