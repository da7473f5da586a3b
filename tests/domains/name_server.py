"""A name server small enough to read in a minute, which can also fail in every way the real ones do."""

from __future__ import annotations

import socket
import threading
from enum import Enum, auto
from errno import EADDRINUSE
from secrets import randbelow
from typing import TYPE_CHECKING, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Callable


def _strings(value: str) -> str:
    """Return a TXT value as strings of at most 255 bytes, the way a provider's form cuts it."""
    return " ".join(f'"{value[i : i + 200]}"' for i in range(0, len(value), 200))


class Mood(Enum):
    """How the server answers about a name."""

    TRUTH = auto()
    SILENT = auto()
    SERVFAIL = auto()
    REFUSED = auto()
    GARBAGE = auto()
    LAME = auto()  # no error, no answer, not authoritative
    TRUNCATED = auto()  # by UDP only; TCP gives the whole


class NameServer:
    """Answers on port 53 of a loopback address of its own, by UDP and TCP."""

    def __init__(self) -> None:
        self.address = ""  # chosen at the start
        self.records: dict[tuple[str, str], list[str]] = {}
        self.mood: Callable[[str], Mood] = lambda _name: Mood.TRUTH
        self.asked: list[tuple[str, str]] = []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._threads = [threading.Thread(target=self._serve_udp, daemon=True)]
        self._threads.append(threading.Thread(target=self._serve_tcp, daemon=True))

    def __enter__(self) -> Self:
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._take_an_address()
        self._tcp.listen()
        for thread in self._threads:
            thread.start()
        return self

    def _take_an_address(self) -> None:
        """Bind to a loopback address that no other server has, also of another process."""
        while True:
            self.address = f"127.222.{randbelow(250)}.{randbelow(250) + 1}"
            try:
                self._udp.bind((self.address, 53))
            except OSError as exc:
                if exc.errno != EADDRINUSE:
                    raise
            else:
                break
        self._tcp.bind((self.address, 53))

    def __exit__(self, *_: object) -> None:
        for listening in (self._udp, self._tcp):
            listening.shutdown(socket.SHUT_RDWR) if listening is self._tcp else None
            listening.close()

    def zone(self, name: str, *servers: tuple[str, str]) -> None:
        """Serve `name`, delegated to (name, address) pairs; to this server without any."""
        hosts = servers or ((f"ns.{name}", self.address),)
        self.records[(name, "NS")] = [f"{host}." for host, _address in hosts]
        for host, address in hosts:
            self.records[(host, "A")] = [address]

    def put(self, name: str, rdtype: str, *values: str) -> None:
        """Set the records of a name; none of them removes it."""
        self.records[(name, rdtype)] = [
            _strings(value) if rdtype == "TXT" and not value.startswith('"') else value
            for value in values
        ]

    def _answer(self, wire: bytes, *, by_udp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        rdtype = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, rdtype))
        mood = self.mood(name)
        if mood is Mood.SILENT:
            return None
        if mood is Mood.GARBAGE:
            return wire[:2] + b"\x80"
        response = dns.message.make_response(query)
        if mood is Mood.SERVFAIL or mood is Mood.REFUSED:
            response.set_rcode(dns.rcode.from_text(mood.name))
        elif mood is Mood.TRUNCATED and by_udp:
            response.flags |= dns.flags.TC | dns.flags.AA
        elif mood is not Mood.LAME:
            response.flags |= dns.flags.AA
            self._fill(response, question.name, rdtype)
        return response.to_wire()

    def _fill(self, response: dns.message.Message, name: dns.name.Name, rdtype: str) -> None:
        key = name.to_text(omit_final_dot=True).lower()
        if found := self.records.get((key, rdtype)):
            response.answer.append(dns.rrset.from_text_list(name, 60, "IN", rdtype, found))
        elif found := self.records.get((key, "CNAME")):
            response.answer.append(dns.rrset.from_text_list(name, 60, "IN", "CNAME", found))
        elif not any(known == key for known, _type in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)

    def _serve_udp(self) -> None:
        while True:
            try:
                wire, who = self._udp.recvfrom(4096)
                if answer := self._answer(wire, by_udp=True):
                    self._udp.sendto(answer, who)
            except OSError:
                return

    def _serve_tcp(self) -> None:
        while True:
            try:
                client, _who = self._tcp.accept()
            except OSError:
                return
            with client:
                size = int.from_bytes(client.recv(2), "big")
                if answer := self._answer(client.recv(size), by_udp=False):
                    client.sendall(len(answer).to_bytes(2, "big") + answer)
