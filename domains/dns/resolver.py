"""Asks the DNS: finds a domain's own name servers and puts every question to several of them.

It hides three things from the rooms above: the recursion
that finds the servers, retries and TCP, and the many ways an answer can fail to come.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver

from domains.dns.answers import Failure, Observation, Question, ServerAnswer
from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dns.rdata import Rdata

MAX_SERVERS = 4
QUERY_SECONDS = 1.5
BUDGET_SECONDS = 8.0  # for the whole domain
SIDE_BY_SIDE = 100  # domains looked at at once
PER_SERVER = 64  # questions open at one server
SILENCES = 8  # questions in a row without an answer: the server rests
REST_SECONDS = 30.0
FAILURE_SECONDS = 1.0  # how long one is handed to all who ask the same
LOOKUP_SECONDS = 30.0  # how long a name server's address is believed; a domain's TTL is longer
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
    engine = Engine(budget_seconds=budget_seconds)
    return asyncio.run(engine.observe(domain_name, questions))


class Engine:
    """Looks at many domains side by side, each within a time budget of its own.

    What it learns it keeps as long as it lives, some seconds: addresses of name servers, and which
    of them are dead. A dead server is waited for a few times; after that it rests, and the domains
    it serves cost nothing more. No server gets more than PER_SERVER questions at once.
    """

    def __init__(
        self, *, side_by_side: int = SIDE_BY_SIDE, budget_seconds: float = BUDGET_SECONDS
    ) -> None:
        self._budget_seconds = budget_seconds
        self._places = asyncio.Semaphore(side_by_side)
        self._doors: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(PER_SERVER)
        )
        self._silences: Counter[str] = Counter()  # address → questions in a row without an answer
        self._rests_until: dict[str, float] = {}
        self._lookups: dict[tuple[str, int], tuple[float, asyncio.Task[dns.message.Message]]] = {}

    async def observe_all(
        self, wanted: Iterable[tuple[str, Sequence[Question]]]
    ) -> list[Observation]:
        """Return the observations of all domains, in the order given."""
        return await asyncio.gather(*(self.observe(name, asked) for name, asked in wanted))

    async def observe(self, domain_name: str, questions: Sequence[Question]) -> Observation:
        """Return what the servers of one domain say. Never raises."""
        async with self._places:
            deadline = time.monotonic() + self._budget_seconds
            try:
                servers = await self._authoritative(domain_name, deadline)
            except _NoAnswer as exc:
                silent = (ServerAnswer("", failure=exc.failure),)
                return Observation((), dict.fromkeys(questions, silent))
            asked = [(question, server) for question in questions for server in servers]
            words = await asyncio.gather(
                *(self._answer(question, server, deadline) for question, server in asked)
            )
        answers: dict[Question, tuple[ServerAnswer, ...]] = {}
        for (question, _server), word in zip(asked, words, strict=True):
            answers[question] = (*answers.get(question, ()), word)
        return Observation(tuple(server.label for server in servers), answers)

    async def _answer(self, question: Question, server: Server, deadline: float) -> ServerAnswer:
        try:
            return ServerAnswer(server.label, await self._values(question, server, deadline))
        except _NoAnswer as exc:
            return ServerAnswer(server.label, failure=exc.failure)

    async def _values(self, question: Question, server: Server, deadline: float) -> tuple[str, ...]:
        rdtype = dns.rdatatype.from_text(question.rdtype)
        response = await self._ask(question.name, rdtype, server, deadline)
        if not response.answer and not _is_final(response, server):
            raise _NoAnswer(Failure.REFUSED)  # a lame server: it points elsewhere
        if rdtype == dns.rdatatype.CNAME:
            found = [rd for rrset in response.answer for rd in rrset if rd.rdtype == rdtype]
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
                response = await self._look_up(name.to_text(), rdtype, deadline)
        return ()

    async def _authoritative(self, domain_name: str, deadline: float) -> list[Server]:
        response = await self._look_up(domain_name, dns.rdatatype.NS, deadline)
        zone = _zone_of(response, domain_name)
        if zone.to_text(omit_final_dot=True) != domain_name:
            response = await self._look_up(zone.to_text(), dns.rdatatype.NS, deadline)
        names = [
            rdata.target.to_text()
            for rrset in (*response.answer, *response.authority)
            if rrset.rdtype == dns.rdatatype.NS and rrset.name == zone
            for rdata in rrset
        ]
        found = await asyncio.gather(
            *(self._hosts(name, deadline) for name in sorted(names)[:MAX_SERVERS])
        )
        # A resolver that is itself the authority (as in the demo) needs no detour.
        return [server for hosts in found for server in hosts][:MAX_SERVERS] or (
            _resolvers()[:MAX_SERVERS]
        )

    async def _hosts(self, name: str, deadline: float) -> list[Server]:
        try:
            response = await self._look_up(name, dns.rdatatype.A, deadline)
        except _NoAnswer:
            return []
        found = [
            rdata.address
            for rrset in response.answer
            if rrset.rdtype == dns.rdatatype.A
            for rdata in rrset
        ]
        return [
            Server(name.removesuffix("."), address) for address in found[:1] if _may_ask(address)
        ]

    async def _look_up(
        self, name: str, rdtype: dns.rdatatype.RdataType, deadline: float
    ) -> dns.message.Message:
        """Ask the resolvers, once for everybody who asks the same, with a time of its own.

        Answers are kept for a while; failures hardly, since they may be over with the next question.
        """
        key, now = (name, int(rdtype)), time.monotonic()
        known = self._lookups.get(key)
        if known is None or known[0] < now:
            own = now + self._budget_seconds
            task = asyncio.ensure_future(self._ask_resolvers(name, rdtype, own))
            task.add_done_callback(partial(self._forget_failure, key))
            known = self._lookups[key] = (now + LOOKUP_SECONDS, task)
        try:
            left = max(0.0, deadline - now)
            return await asyncio.wait_for(asyncio.shield(known[1]), left)
        except TimeoutError as exc:
            raise _NoAnswer(Failure.TIMEOUT) from exc

    def _forget_failure(
        self, key: tuple[str, int], task: asyncio.Task[dns.message.Message]
    ) -> None:
        """Keep a failure for a moment only; nobody may be left to hear of it."""
        if task.cancelled() or task.exception() is None:
            return
        self._lookups[key] = (time.monotonic() + FAILURE_SECONDS, task)

    async def _ask_resolvers(
        self, name: str, rdtype: dns.rdatatype.RdataType, deadline: float
    ) -> dns.message.Message:
        failure = Failure.UNREACHABLE
        for server in _resolvers():
            try:
                return await self._ask(name, rdtype, server, deadline)
            except _NoAnswer as exc:
                failure = exc.failure
        raise _NoAnswer(failure)

    async def _ask(
        self, name: str, rdtype: dns.rdatatype.RdataType, server: Server, deadline: float
    ) -> dns.message.Message:
        query = dns.message.make_query(name, rdtype, use_edns=0, payload=EDNS_PAYLOAD_BYTES)
        if not server.recursive:
            query.flags &= ~dns.flags.RD
        for attempt in (1, 2):
            async with self._doors[server.address]:
                seconds = min(QUERY_SECONDS, deadline - time.monotonic())
                if seconds <= 0 or self._is_resting(server):
                    break
                response = await self._exchange(query, server, seconds)
            if response is None:
                continue
            if failed := _FAILED_RCODES.get(response.rcode()):
                if failed is Failure.SERVFAIL and attempt == 1:
                    continue
                raise _NoAnswer(failed)
            return response
        raise _NoAnswer(Failure.TIMEOUT)

    async def _exchange(
        self, query: dns.message.Message, server: Server, seconds: float
    ) -> dns.message.Message | None:
        """Send one question by UDP, by TCP when the answer was cut; None: silence.

        Each question has a socket of its own: a new port every time is half of the defence
        against forged answers (RFC 5452).
        """
        try:
            response, _tcp = await dns.asyncquery.udp_with_fallback(
                query, server.address, timeout=seconds, ignore_unexpected=True
            )
        except dns.exception.Timeout:
            self._note_silence(server)
            return None
        except OSError as exc:
            raise _NoAnswer(Failure.UNREACHABLE) from exc
        except (dns.exception.DNSException, EOFError) as exc:
            raise _NoAnswer(Failure.MALFORMED) from exc
        self._silences.pop(server.address, None)
        return response

    def _note_silence(self, server: Server) -> None:
        self._silences[server.address] += 1
        if self._silences[server.address] >= SILENCES and not server.recursive:
            self._rests_until[server.address] = time.monotonic() + REST_SECONDS

    def _is_resting(self, server: Server) -> bool:
        return self._rests_until.get(server.address, 0.0) > time.monotonic()


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


def _zone_of(response: dns.message.Message, domain_name: str) -> dns.name.Name:
    name = dns.name.from_text(domain_name)
    for rrset in (*response.answer, *response.authority):
        if rrset.rdtype in {dns.rdatatype.NS, dns.rdatatype.SOA} and name.is_subdomain(rrset.name):
            return rrset.name
    return name


def _may_ask(address: str) -> bool:
    """Keep a customer's NS record from sending our questions into our own network."""
    return stack().demo or ipaddress.ip_address(address).is_global


def _resolvers() -> list[Server]:
    addresses = stack().resolvers or [
        str(a) for a in dns.resolver.get_default_resolver().nameservers
    ]
    return [Server(address, address, recursive=True) for address in addresses]
