"""Asks the DNS: finds a domain's own name servers and puts every question to several of them.

The only module that imports dnspython. It hides three things from the rooms above: the recursion
that finds the servers, retries and TCP, and the many ways an answer can fail to come.
"""

from __future__ import annotations

import ipaddress
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

from domains.dns.answers import Failure, Observation, Question, ServerAnswer
from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dns.rdata import Rdata

MAX_SERVERS = 4
QUERY_SECONDS = 1.5
BUDGET_SECONDS = 8.0  # for the whole domain
EDNS_PAYLOAD_BYTES = 1232  # fits every path without fragments
MAX_VALUES = 20
MAX_VALUE_CHARACTERS = 2048
MAX_CHAIN = 5

_FAILED_RCODES = {
    dns.rcode.SERVFAIL: Failure.SERVFAIL,
    dns.rcode.REFUSED: Failure.REFUSED,
    dns.rcode.NOTIMP: Failure.REFUSED,
    dns.rcode.NOTAUTH: Failure.REFUSED,
    dns.rcode.FORMERR: Failure.MALFORMED,
}


@dataclass(frozen=True, slots=True)
class Server:
    """A name server to ask: its name for people, its IPv4 address, and whether it recurses."""

    label: str
    address: str
    recursive: bool = False


class _NoAnswer(Exception):
    """A server's word that says nothing; carries the typed failure."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.value)


def observe(
    domain_name: str, questions: Sequence[Question], *, budget_seconds: float = BUDGET_SECONDS
) -> Observation:
    """Return what the domain's name servers say to each question, within the time given.

    Never raises: a server that does not answer gives a ServerAnswer with a failure. Blocks for up
    to `budget_seconds`.
    """
    deadline = time.monotonic() + budget_seconds
    try:
        servers = _authoritative(domain_name, deadline)
    except _NoAnswer as exc:
        silent = (ServerAnswer("", failure=exc.failure),)
        return Observation((), dict.fromkeys(questions, silent))
    asked = [(question, server) for question in questions for server in servers]
    with ThreadPoolExecutor(max_workers=min(16, len(asked) or 1)) as pool:
        words = list(pool.map(lambda pair: _answer(pair[0], pair[1], deadline), asked))
    answers: dict[Question, tuple[ServerAnswer, ...]] = {}
    for (question, _server), word in zip(asked, words, strict=True):
        answers[question] = (*answers.get(question, ()), word)
    return Observation(tuple(server.label for server in servers), answers)


def _answer(question: Question, server: Server, deadline: float) -> ServerAnswer:
    try:
        return ServerAnswer(server.label, _values(question, server, deadline))
    except _NoAnswer as exc:
        return ServerAnswer(server.label, failure=exc.failure)


def _values(question: Question, server: Server, deadline: float) -> tuple[str, ...]:
    rdtype = dns.rdatatype.from_text(question.rdtype)
    response = _ask(question.name, rdtype, server, deadline)
    if not response.answer and not _is_final(response, server):
        raise _NoAnswer(Failure.REFUSED)  # a lame server: it points elsewhere
    if rdtype == dns.rdatatype.CNAME:
        found = [rdata for rrset in response.answer for rdata in rrset if rdata.rdtype == rdtype]
        return _texts(found)
    name = dns.name.from_text(question.name)
    for _hop in range(MAX_CHAIN):
        rrsets = {(rrset.name, rrset.rdtype): rrset for rrset in response.answer}
        if rrset := rrsets.get((name, rdtype)):
            return _texts(list(rrset))
        alias = rrsets.get((name, dns.rdatatype.CNAME))
        if alias is None:
            return ()
        name = alias[0].target
        if not any(owner == name for owner, _type in rrsets):
            response = _ask_resolvers(name.to_text(), rdtype, deadline)
    return ()


def _is_final(response: dns.message.Message, server: Server) -> bool:
    return server.recursive or bool(response.flags & dns.flags.AA)


def _texts(rdatas: Sequence[Rdata]) -> tuple[str, ...]:
    return tuple(sorted(_text(rdata) for rdata in rdatas[:MAX_VALUES]))


def _text(rdata: Rdata) -> str:
    if rdata.rdtype == dns.rdatatype.TXT:
        text = b"".join(rdata.strings).decode("utf-8", "backslashreplace")  # type: ignore[attr-defined]  # TXT has it
    else:
        text = rdata.to_text()
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:MAX_VALUE_CHARACTERS])


def _authoritative(domain_name: str, deadline: float) -> list[Server]:
    response = _ask_resolvers(domain_name, dns.rdatatype.NS, deadline)
    zone = _zone_of(response, domain_name)
    if zone.to_text(omit_final_dot=True) != domain_name:
        response = _ask_resolvers(zone.to_text(), dns.rdatatype.NS, deadline)
    names = [
        rdata.target.to_text()
        for rrset in (*response.answer, *response.authority)
        if rrset.rdtype == dns.rdatatype.NS and rrset.name == zone
        for rdata in rrset
    ]
    servers = [server for name in sorted(names)[:MAX_SERVERS] for server in _hosts(name, deadline)]
    # A resolver that is itself the authority (as in the demo) needs no detour.
    return servers[:MAX_SERVERS] or _resolvers()[:MAX_SERVERS]


def _zone_of(response: dns.message.Message, domain_name: str) -> dns.name.Name:
    name = dns.name.from_text(domain_name)
    for rrset in (*response.answer, *response.authority):
        if rrset.rdtype in {dns.rdatatype.NS, dns.rdatatype.SOA} and name.is_subdomain(rrset.name):
            return rrset.name
    return name


def _hosts(name: str, deadline: float) -> list[Server]:
    try:
        response = _ask_resolvers(name, dns.rdatatype.A, deadline)
    except _NoAnswer:
        return []
    found = [
        rdata.address
        for rrset in response.answer
        if rrset.rdtype == dns.rdatatype.A
        for rdata in rrset
    ]
    return [Server(name.removesuffix("."), address) for address in found[:1] if _may_ask(address)]


def _may_ask(address: str) -> bool:
    """Keep a customer's NS record from sending our questions into our own network."""
    return stack().demo or ipaddress.ip_address(address).is_global


def _resolvers() -> list[Server]:
    addresses = stack().resolvers or [
        str(a) for a in dns.resolver.get_default_resolver().nameservers
    ]
    return [Server(address, address, recursive=True) for address in addresses]


def _ask_resolvers(
    name: str, rdtype: dns.rdatatype.RdataType, deadline: float
) -> dns.message.Message:
    failure = Failure.UNREACHABLE
    for server in _resolvers():
        try:
            return _ask(name, rdtype, server, deadline)
        except _NoAnswer as exc:
            failure = exc.failure
    raise _NoAnswer(failure)


def _ask(
    name: str, rdtype: dns.rdatatype.RdataType, server: Server, deadline: float
) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype, use_edns=0, payload=EDNS_PAYLOAD_BYTES)
    if not server.recursive:
        query.flags &= ~dns.flags.RD
    for attempt in (1, 2):
        seconds = min(QUERY_SECONDS, deadline - time.monotonic())
        if seconds <= 0:
            break
        try:
            response, _tcp = dns.query.udp_with_fallback(
                query, server.address, timeout=seconds, ignore_unexpected=True
            )
        except dns.exception.Timeout:
            continue
        except OSError as exc:
            raise _NoAnswer(Failure.UNREACHABLE) from exc
        except (dns.exception.DNSException, EOFError) as exc:
            raise _NoAnswer(Failure.MALFORMED) from exc
        if failed := _FAILED_RCODES.get(response.rcode()):
            if failed is Failure.SERVFAIL and attempt == 1:
                continue
            raise _NoAnswer(failed)
        return response
    raise _NoAnswer(Failure.TIMEOUT)
