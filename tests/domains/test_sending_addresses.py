"""The addresses mail is sent from: their names, the way back, and block lists that may lie or be silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.models import Role
from domains.services.check_senders import check_senders, sender_report
from portal.config import Stack
from portal.config import stack as running_stack
from tests.domains.name_server import Mood, NameServer
from tests.world import World, operator_tenant, unique

if TYPE_CHECKING:
    from django.test import Client

    from domains.services.check_senders import Sender

ADDRESS, REVERSE = "192.0.2.25", "25.2.0.192"
HELO = "mail.hopthu.test"
LIST = "dnsbl.test"


@pytest.fixture
def net(name_server: NameServer, monkeypatch: pytest.MonkeyPatch) -> NameServer:
    """An outside where everything is as it should be."""
    monkeypatch.setattr(running_stack(), "sending_addresses", [ADDRESS])
    # a place of its own in the stack's cache: other workers look at the same time
    monkeypatch.setattr("domains.services.check_senders._KEY", unique("senders"))
    name_server.put(f"{REVERSE}.in-addr.arpa", "PTR", f"{HELO}.")
    name_server.put(HELO, "A", ADDRESS)
    name_server.put(f"2.0.0.127.{LIST}", "A", "127.0.0.2")
    return name_server


def look() -> Sender:
    (sender,) = check_senders().senders
    return sender


def states(sender: Sender) -> tuple[str, str, str]:
    return sender.ptr, sender.forward, sender.listings[0].state


def test_good_names_and_no_listing_are_good(net: NameServer) -> None:
    assert states(look()) == ("good", "good", "good")


def test_another_or_a_second_name_is_to_repair(net: NameServer) -> None:
    net.put(f"{REVERSE}.in-addr.arpa", "PTR", "host25.provider.example.", f"{HELO}.")
    net.put(HELO, "A", "192.0.2.99")
    assert states(look()) == ("bad", "bad", "good")


def test_a_listing_is_told_in_the_lists_own_words(net: NameServer) -> None:
    net.put(f"{REVERSE}.{LIST}", "A", "127.0.0.3")
    net.put(f"{REVERSE}.{LIST}", "TXT", "See https://dnsbl.test/192.0.2.25 <b>")
    assert look().listings[0].state == "bad"
    assert "<b>" in look().listings[0].words


@pytest.mark.parametrize("answer", ["127.255.255.254", "203.0.113.9"])
def test_a_list_that_refuses_our_resolver_says_nothing(answer: str, net: NameServer) -> None:
    net.put(f"{REVERSE}.{LIST}", "A", answer)
    assert look().listings[0].state == "unknown"


def test_a_list_that_does_not_know_its_test_entry_is_not_believed(net: NameServer) -> None:
    net.put(f"2.0.0.127.{LIST}", "A", "127.255.255.254")
    assert look().listings[0].state == "unknown"


def test_silence_is_unknown_never_bad(net: NameServer) -> None:
    net.mood = lambda _name: Mood.SERVFAIL
    assert states(look()) == ("unknown", "unknown", "unknown")


def test_the_page_is_the_operators_and_shows_the_last_look(
    net: NameServer, client: Client, world: World
) -> None:
    net.put(f"{REVERSE}.{LIST}", "A", "127.0.0.3")
    net.put(f"{REVERSE}.{LIST}", "TXT", "<script>alert(1)</script>")
    look()
    operator = operator_tenant()
    client.force_login(world.admin_of(operator, Role.OPERATOR).user)
    page = client.get(f"/portal/{operator.pk}/senders/").content.decode()
    assert ADDRESS in page
    assert "To repair" in page
    assert "<script>alert" not in page
    assert client.post(f"/portal/{operator.pk}/senders/check/").status_code == 302


@pytest.mark.wire
def test_the_boxed_outside_is_in_order(stack: Stack) -> None:
    sender = look()
    assert sender.address == stack.box_address(1)
    assert states(sender) == ("good", "good", "good")
    assert sender_report().senders == [sender]
