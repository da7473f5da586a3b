"""Asks the installation's own resolvers single questions; remembers the answers for a minute.

Names come from records of customers and strangers, addresses never do: only our resolvers are asked.
"""

from __future__ import annotations

import time
from functools import lru_cache

import dns.exception
import dns.resolver
import dns.reversename

from domains.dns.answers import Failure, Question, ServerAnswer
from portal.config import stack

LOOKUP_SECONDS = 2.0
_REMEMBER_SECONDS = 60
_MAX_VALUES = 50
_MAX_CHARACTERS = 2048


class _NotSaid(Exception):
    """No answer came; what is raised is not remembered, so that it is asked again at once."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.value)


def look_up(question: Question) -> ServerAnswer:
    """Return the answer to one question; no values without a failure means: there is none."""
    minute = int(time.monotonic() // _REMEMBER_SECONDS)
    try:
        return _remembered(question, tuple(stack().resolvers), minute)
    except _NotSaid as exc:
        return ServerAnswer("resolver", failure=exc.failure)


def reverse_name(address: str) -> str:
    """Return the name whose PTR record names `address`."""
    return dns.reversename.from_address(address).to_text(omit_final_dot=True)


@lru_cache(maxsize=2048)
def _remembered(question: Question, servers: tuple[str, ...], _minute: int) -> ServerAnswer:
    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = list(servers)
    resolver.lifetime = LOOKUP_SECONDS
    try:
        found = resolver.resolve(question.name, question.rdtype, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return ServerAnswer("resolver")
    except dns.exception.Timeout as exc:
        raise _NotSaid(Failure.TIMEOUT) from exc
    except dns.resolver.NoNameservers as exc:
        raise _NotSaid(Failure.SERVFAIL) from exc
    except (dns.exception.DNSException, ValueError, UnicodeError) as exc:
        raise _NotSaid(Failure.MALFORMED) from exc
    rows = list(found.rrset or ())[:_MAX_VALUES]
    return ServerAnswer("resolver", tuple(_text(row) for row in rows))


def _text(rdata: object) -> str:
    strings = getattr(rdata, "strings", None)
    text = b"".join(strings).decode("utf-8", "replace") if strings else str(rdata)
    return text[:_MAX_CHARACTERS]
