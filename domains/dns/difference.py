"""Marks where a live value and the expected one differ, piece by piece. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = re.compile(r"\s+|[;=:/,]|[^\s;=:/,]+")
_LONG = 40  # a piece as long as a key is compared letter by letter


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a value; `differs`: the other value does not have it here."""

    text: str
    differs: bool


def difference(expected: str, live: str) -> tuple[list[Part], list[Part]]:
    """Return both values in runs; put together again each gives the whole value."""
    wanted, found = _PIECE.findall(expected), _PIECE.findall(live)
    matcher = SequenceMatcher(
        None,
        [piece.lower() for piece in wanted],
        [piece.lower() for piece in found],
        autojunk=False,
    )
    left: list[Part] = []
    right: list[Part] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        one, two = "".join(wanted[a:b]), "".join(found[c:d])
        if kind == "equal":
            left.append(Part(one, differs=False))
            right.append(Part(two, differs=False))
        elif len(one) > _LONG and len(two) > _LONG:
            for parts, text, other in ((left, one, two), (right, two, one)):
                parts.extend(_ends(text, other))
        else:
            left.append(Part(one, differs=True))
            right.append(Part(two, differs=True))
    return _joined(left), _joined(right)


def _ends(text: str, other: str) -> Iterable[Part]:
    """Yield what both begin with, the middle that differs, and what both end with."""
    head = next(
        (i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b),
        min(len(text), len(other)),
    )
    tail = 0
    while tail < min(len(text), len(other)) - head and text[-1 - tail] == other[-1 - tail]:
        tail += 1
    yield Part(text[:head], differs=False)
    yield Part(text[head : len(text) - tail], differs=True)
    yield Part(text[len(text) - tail :], differs=False)


def _joined(parts: list[Part]) -> list[Part]:
    kept = [part for part in parts if part.text]
    return [
        Part("".join(part.text for part in run), differs=differs)
        for differs, run in groupby(kept, key=lambda part: part.differs)
    ]
