"""Networks are told apart as attackers are, and nothing about a password can be read back."""

from __future__ import annotations

import pytest

from accounts.attempts import PER_PLACE, Attempt, give_back, mark_of, take
from tests.world import unique


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_a_network_is_an_address_or_a_64(address: str, network: str) -> None:
    assert Attempt("a@b.test", address, "m").network == network


def test_a_mark_tells_passwords_apart_and_is_short() -> None:
    assert mark_of("one") == mark_of("one") != mark_of("two")
    assert len(mark_of("a" * 10_000)) == 6


def test_a_right_password_gives_its_try_back() -> None:
    login = f"{unique('thu')}@x.test"
    for number in range(3 * PER_PLACE):
        attempt = Attempt(login, "127.0.0.1", f"right {number}")
        assert take(attempt)
        give_back(attempt)


def test_a_refused_try_does_not_prolong_the_wait() -> None:
    login = f"{unique('cho')}@x.test"
    assert all(take(Attempt(login, "127.0.0.1", str(number))) for number in range(PER_PLACE))
    assert not take(Attempt(login, "127.0.0.1", "one more"))
    assert take(Attempt(login, "127.0.0.1", "0")), (
        "a password that was counted is not counted again"
    )
