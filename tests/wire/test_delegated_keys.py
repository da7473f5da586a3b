"""DKIM keys in the operator's zone: written by RFC 2136, found through the customer's CNAME."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dns.resolver
import pytest
from django.utils import timezone

from demo.box.records import publish, withdraw
from domains.dkim import record_text
from domains.dns.updates import UpdateRefused, put_txt
from domains.models import DkimKey, KeyRotation, RotationState
from domains.services.advance_rotations import advance_rotation
from domains.services.ready_keys import add_keys, publish_keys
from domains.services.start_rotation import start_rotation
from tests.conftest import until
from tests.domains.conftest import acting

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


def test_a_change_of_the_key_needs_nothing_of_the_customer(stack: Stack, live: World) -> None:
    domain = live.domain
    add_keys(domain)
    publish_keys(domain)
    DkimKey.objects.filter(domain=domain, selector="s1").update(active_at=timezone.now())
    for key in DkimKey.objects.filter(domain=domain):
        publish(f"{key.selector}._domainkey.{domain.name}", "CNAME", f"{key.delegated_to}.")
    rotation = start_rotation(actor=acting(live.tenant), domain=domain)

    def state_after_a_look() -> str:
        advance_rotation(rotation_id=rotation.pk)
        rotation.refresh_from_db()
        return rotation.state

    try:
        until(lambda: state_after_a_look() == RotationState.SETTLING, what="seen in our zone")
        KeyRotation.objects.filter(pk=rotation.pk).update(switch_after=timezone.now())
        until(lambda: state_after_a_look() == RotationState.OVERLAP, what="it signs")
        old = DkimKey.objects.get(domain=domain, selector="s1")
        moment = timezone.now() - timedelta(days=8)
        KeyRotation.objects.filter(pk=rotation.pk).update(
            switched_at=moment, retire_after=moment + timedelta(days=7)
        )
        until(lambda: state_after_a_look() == RotationState.DONE, what="the old key ends")
        publish_keys(domain)
        resting = DkimKey.objects.get(domain=domain, selector="s1")
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [stack.box_address(53)]
        (found,) = resolver.resolve(resting.delegated_to, "TXT")
        assert b"".join(found.strings).decode() == record_text(resting.public_key)
        assert resting.public_key != old.public_key
    finally:
        for selector in ("s1", "s2"):
            withdraw(f"{selector}._domainkey.{domain.name}")
