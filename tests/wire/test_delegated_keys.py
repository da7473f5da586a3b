"""DKIM keys in the operator's zone: written by RFC 2136, found through the customer's CNAME."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.resolver
import pytest

from demo.box.records import publish, withdraw
from domains.dkim import record_text
from domains.dns.updates import UpdateRefused, put_txt
from domains.models import DkimKey
from domains.services.ready_keys import add_keys, publish_keys

if TYPE_CHECKING:
    from portal.config import Stack
    from tests.world import World

pytestmark = pytest.mark.wire


@pytest.fixture(autouse=True)
def _zone_takes_updates(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "dns_update_server", stack.box_address(53))


def test_a_key_is_found_through_the_customers_cname(stack: Stack, live: World) -> None:
    add_keys(live.domain)
    assert publish_keys(live.domain) == 2
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [stack.box_address(53)]
    for key in DkimKey.objects.filter(domain=live.domain):
        name = f"{key.selector}._domainkey.haivan-moi.test"
        publish(name, "CNAME", f"{key.delegated_to}.")
        try:
            # the boxed server does not follow names into another of its zones, as a resolver does
            (alias,) = resolver.resolve(name, "CNAME")
            (found,) = resolver.resolve(alias.target, "TXT")
            assert b"".join(found.strings).decode() == record_text(key.public_key)
        finally:
            withdraw(name)


def test_a_zone_that_is_not_ours_is_not_written(stack: Stack, live: World) -> None:
    with pytest.raises(UpdateRefused):
        put_txt("s1.1._dkim.no..such", "v=DKIM1")
