"""Links that are secrets, and what somebody searched for, stand in no log."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until
from tests.world import unique

if TYPE_CHECKING:
    from portal.config import Stack

pytestmark = pytest.mark.wire
PLACES = (
    "/invitation/{secret}/",
    "/forwarding/{secret}/",
    "/portal/dns/{secret}/",
    "/setup/open/{secret}/",
    "/setup/open/{secret}/profile/",
    "/mail/1/search/?q={secret}",
)


def test_secret_links_and_searches_are_in_no_log(stack: Stack) -> None:
    secret, last = unique("s3cr3t"), unique("/seen-")
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=10)
    for place in (*(one.format(secret=secret) for one in PLACES), last):
        connection.request("GET", place, headers={"Host": "localhost", "Referer": f"/{secret}"})
        connection.getresponse().read()
    logs = stack.data / "log"
    until(lambda: last in (logs / "nginx-access.log").read_text(errors="replace"))
    found = [log.name for log in logs.iterdir() if secret.encode() in log.read_bytes()]
    assert found == []
