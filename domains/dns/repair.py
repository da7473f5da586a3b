"""Proposes the record that repairs what is there without losing what the owner wanted. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domains.dns.verdict import SPF_LOOKUPS, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domains.dns.records import ExpectedRecord
    from domains.dns.verdict import Judgement

_LOOKUP = re.compile(r"[+~?-]?(include:|a\b|mx\b|ptr\b|exists:)")
_MENDABLE = frozenset(
    {
        Reason.TWO_SPF,
        Reason.SPF_WITHOUT_US,
        Reason.SPF_AFTER_ALL,
        Reason.SPF_OPEN,
        Reason.SPF_WITHOUT_ALL,
        Reason.SPF_NOT_OURS,
    }
)


def proposal(record: ExpectedRecord, judgement: Judgement) -> str:
    """Return the value to publish instead of the live ones; empty: the expected one is right."""
    if record.record != "spf" or judgement.reason not in _MENDABLE:
        return ""
    return merged_spf(record.value, judgement.observed)


def merged_spf(wanted: str, live: Sequence[str]) -> str:
    """Return one SPF record: our include first, every other sender kept, closed with ~all or -all.

    Empty when that would need more than ten lookups. `redirect=` and other modifiers are left
    out: beside an `all` they have no effect (RFC 7208 section 6.1).
    """
    include = wanted.split()[1]
    terms = [include]
    soft = False
    for record in live:
        for term in record.lower().split()[1:]:
            if term.lstrip("+-~?") == "all":
                soft = soft or term != "-all"
            elif "=" not in term and term.lstrip("+") not in terms:
                terms.append(term.lstrip("+"))
    if sum(bool(_LOOKUP.match(term)) for term in terms) > SPF_LOOKUPS:
        return ""
    return " ".join(["v=spf1", *terms, "~all" if soft else "-all"])
