"""Looks at the names of the addresses mail is sent from, and for them in block lists."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.utils import timezone

from accounts.policy import require
from accounts.roles import Action
from domains.dns.answers import Question
from domains.dns.lookups import look_up, reverse_name
from domains.services.weigh_spf import sending_addresses
from portal.config import stack
from portal.nudge import after_commit

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.actor import Actor

TASK = "domains.check_senders"
REMEMBER_SECONDS = 86_400
_KEY = "domains:senders"
GOOD, BAD, UNKNOWN = "good", "bad", "unknown"
# Answers of this kind say that the list does not talk to our resolver (RFC 5782 has no word for it).
_REFUSALS = ("127.255.255.",)


@dataclass(frozen=True, slots=True)
class Listing:
    """What one block list says about an address: good (not listed), bad or unknown."""

    zone: str
    state: str
    words: str = ""  # the list's own reason


@dataclass(frozen=True, slots=True)
class Sender:
    """One address. `names` are its PTR records; `ptr` and `forward` are good, bad or unknown."""

    address: str
    helo: str
    names: list[str]
    ptr: str  # good: one name, and it is the HELO name
    forward: str  # good: the HELO name leads back to the address
    listings: list[Listing] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SenderReport:
    """The last look at all of them; `at` None: nobody has looked yet."""

    at: datetime | None
    senders: list[Sender]


def sender_report() -> SenderReport:
    """Return what the last look found. No network."""
    known = cache.get(_KEY)
    if known is None:
        return SenderReport(None, [])
    senders = [
        Sender(**{**row, "listings": [Listing(**one) for one in row["listings"]]})
        for row in known["senders"]
    ]
    return SenderReport(known["at"], senders)


def request_sender_check(*, actor: Actor) -> None:
    """Ask for a fresh look. Needs HEALTH_VIEW at the operator."""
    require(actor, Action.HEALTH_VIEW, actor.tenant)
    after_commit(TASK)


def check_senders() -> SenderReport:
    """Look at every sending address now and remember it for a day. Asks the network."""
    senders = [_look(address) for address in sending_addresses()]
    report = SenderReport(timezone.now(), senders)
    cache.set(_KEY, asdict(report), timeout=REMEMBER_SECONDS)
    return report  # and not what another look wrote meanwhile


def _look(address: str) -> Sender:
    helo = stack().mail_hostname
    reverse = look_up(Question(reverse_name(address), "PTR"))
    names = [name.lower().rstrip(".") for name in reverse.values]
    ptr = GOOD if names == [helo] else BAD
    forward = look_up(Question(helo, "AAAA" if ":" in address else "A"))
    return Sender(
        address,
        helo,
        names,
        UNKNOWN if reverse.failure else ptr,
        UNKNOWN if forward.failure else GOOD if address in forward.values else BAD,
        [_listed(address, zone) for zone in stack().dnsbls],
    )


def _listed(address: str, zone: str) -> Listing:
    """Ask one list; a list that does not know its own test entry is not believed (RFC 5782)."""
    labels = reverse_name(address).removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    test = look_up(Question(f"2.0.0.127.{zone}", "A"))
    found = look_up(Question(f"{labels}.{zone}", "A"))
    if test.failure or found.failure or not _says_yes(test.values):
        return Listing(zone, UNKNOWN)
    if not found.values:
        return Listing(zone, GOOD)
    if not _says_yes(found.values):
        return Listing(zone, UNKNOWN)
    reasons = look_up(Question(f"{labels}.{zone}", "TXT")).values
    return Listing(zone, BAD, " ".join(reasons)[:300])


def _says_yes(values: tuple[str, ...]) -> bool:
    return any(value.startswith("127.") and not value.startswith(_REFUSALS) for value in values)
