"""Reads recipient fields strictly: each entry is an address or is named with what is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass

from domains.names import NameRefused, parse_address
from webmail.message.address import Address, one_line, parse_addresses

MAX_RECIPIENTS = 500
_BREAK = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry that is no address, and why in the reader's language."""

    entry: str
    reason: str


def read_recipients(text: str) -> tuple[tuple[Address, ...], tuple[Problem, ...]]:
    """Return the addresses of a field in normal form and the entries that are none."""
    people: list[Address] = []
    problems: list[Problem] = []
    for entry in parse_addresses(text):
        try:
            email = str(parse_address(entry.email or entry.name))
        except NameRefused as refused:
            problems.append(Problem(entry.shown[:120], str(refused.message)))
            continue
        people.append(Address(one_line(entry.name) if entry.email else "", email))
    return tuple(people), tuple(problems)


def has_line_break(text: str) -> bool:
    """Return whether a header field made of `text` could become two."""
    return _BREAK.search(text) is not None
