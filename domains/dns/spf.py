"""Evaluates an SPF record the way receivers do (RFC 7208): who may send, and what it costs. Pure.

Lookups come from a function of the caller. A lookup that failed, or a macro met before any match,
makes the whole finding doubtful; it never turns into "not allowed".
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domains.dns.answers import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domains.dns.answers import ServerAnswer

MAX_LOOKUPS = 10  # section 4.6.4
MAX_COUNTED = 40  # the count for people goes beyond what receivers do, but not without end
MAX_MX_NAMES = 10
_TERM = re.compile(r"([+?~-]?)([a-z0-9._-]+)(?:([:=/])(.*))?\Z", re.IGNORECASE)
_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{1,63}\Z")
_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Doubt(Exception):
    """A lookup that did not come, or a macro: what it says hangs on a message that nobody sent yet."""


class _Broken(Exception):
    """A record that receivers reject (permerror)."""


@dataclass(frozen=True, slots=True)
class SpfFinding:
    """What receivers make of a record. `results`: address → pass, fail, softfail, neutral, permerror.

    `lookups` counts the whole tree of includes; `is_doubtful`: a lookup failed, believe nothing.
    """

    lookups: int
    results: dict[str, str] = field(default_factory=dict)
    is_doubtful: bool = False

    @property
    def is_broken(self) -> bool:
        """Whether receivers cannot evaluate the record at all."""
        return "permerror" in self.results.values()

    @property
    def refused(self) -> list[str]:
        """Addresses of ours that the record does not authorise."""
        return [address for address, result in self.results.items() if result != "pass"]


def evaluate(
    text: str,
    domain_name: str,
    addresses: Sequence[str],
    look_up: Callable[[Question], ServerAnswer],
) -> SpfFinding:
    """Return what the record of `domain_name` says about each of our sending addresses."""
    known: dict[Question, tuple[str, ...]] = {}

    def ask(name: str, rdtype: str) -> tuple[str, ...]:
        question = Question(name.lower().rstrip("."), rdtype)
        if question not in known:
            answer = look_up(question)
            if answer.failure is not None:
                raise _Doubt
            known[question] = answer.values
        return known[question]

    try:
        lookups = _count(text, ask, 0)
        results = {}
        for address in addresses:
            walk = _Walk(ipaddress.ip_address(address), ask)
            try:
                results[address] = walk.check(text, domain_name)
            except _Broken:
                results[address] = "permerror"
    except _Doubt:
        return SpfFinding(0, {}, is_doubtful=True)
    return SpfFinding(lookups, results)


class _Walk:
    """One evaluation for one address, with the receivers' limit of ten lookups."""

    def __init__(self, address: Address, ask: Callable[[str, str], tuple[str, ...]]) -> None:
        self._address = address
        self._ask = ask
        self._lookups = 0

    def check(self, text: str, name: str) -> str:
        redirect = ""
        for sign, word, value in _terms(text):
            if word == "redirect":
                redirect = value
            elif self._matches(word, value, name):
                return _RESULTS[sign or "+"]
        if redirect:
            self._spend()
            target = _host(redirect)
            inner = _record(self._ask(target, "TXT"))
            if not inner:
                raise _Broken
            return self.check(inner, target)
        return "neutral"

    def _matches(self, word: str, value: str, name: str) -> bool:
        if word == "all":
            return True
        if word in {"ip4", "ip6"}:
            return self._in(value)
        if word == "include":
            self._spend()
            target = _host(value)
            inner = _record(self._ask(target, "TXT"))
            if not inner:
                raise _Broken  # section 5.2: an include that has no record
            return self.check(inner, target) == "pass"
        if word in {"a", "mx"}:
            self._spend()
            return self._resolves(word, value, name)
        if word in {"exists", "ptr"}:
            self._spend()  # never how a hosting provider's servers are authorised
            return word == "exists" and bool(self._ask(_host(value), "A"))
        raise _Broken  # an unknown mechanism; unknown modifiers were left out

    def _resolves(self, word: str, value: str, name: str) -> bool:
        host, _slash, prefixes = value.partition("/")
        host = _host(host) if host else name
        hosts = [host]
        if word == "mx":
            rows = self._ask(host, "MX")[:MAX_MX_NAMES]
            hosts = [row.partition(" ")[2].rstrip(".") for row in rows]
        rdtype = "A" if self._address.version == 4 else "AAAA"
        short, _slashes, long = prefixes.partition("/")
        prefix = short if rdtype == "A" else long.lstrip("/")
        return any(
            self._in(f"{found}/{prefix}" if prefix else found)
            for one in hosts
            if one
            for found in self._ask(one, rdtype)
        )

    def _in(self, text: str) -> bool:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError as exc:
            raise _Broken from exc
        return network.version == self._address.version and self._address in network

    def _spend(self) -> None:
        self._lookups += 1
        if self._lookups > MAX_LOOKUPS:
            raise _Broken


def _count(
    text: str, ask: Callable[[str, str], tuple[str, ...]], so_far: int, depth: int = 0
) -> int:
    """Return lookups of the whole tree, whether or not an evaluation would get that far."""
    count = so_far
    for _sign, word, value in _terms(text):
        if word not in {"include", "redirect", "a", "mx", "exists", "ptr"}:
            continue
        count += 1
        if count >= MAX_COUNTED or depth >= MAX_LOOKUPS:
            return count
        if word in {"include", "redirect"} and _NAME.match(value.lower()):
            try:
                inner = _record(ask(value, "TXT"))
            except _Broken:
                continue
            if inner:
                count = _count(inner, ask, count, depth + 1)
    return count


def _terms(text: str) -> list[tuple[str, str, str]]:
    """Return sign, lower-case word and value of each term; modifiers but `redirect` are left out."""
    found = []
    for term in text.split()[1:]:
        match = _TERM.match(term)
        if match is None:
            found.append(("", "?", ""))  # an unknown mechanism: a broken record
            continue
        sign, word, separator, value = match.groups()
        word, value = word.lower(), value or ""
        if separator == "=" and word != "redirect":
            continue
        if separator == "/":
            value = f"/{value}"
        found.append((sign, word, value))
    return found


def _record(values: tuple[str, ...]) -> str:
    """Return the one SPF record among TXT values; empty without one. Raises _Broken for two."""
    found = [v for v in values if re.match(r"v=spf1(\s|\Z)", v, re.IGNORECASE)]
    if len(found) > 1:
        raise _Broken
    return found[0] if found else ""


def _host(text: str) -> str:
    if "%{" in text:
        raise _Doubt
    name = text.lower().rstrip(".")
    if not _NAME.match(name):
        raise _Broken
    return name
