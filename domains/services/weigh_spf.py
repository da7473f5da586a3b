"""Weighs a live SPF record against the addresses this installation sends from."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.core.cache import cache

from domains.dns.answers import Question
from domains.dns.lookups import look_up
from domains.dns.spf import SpfFinding, evaluate
from domains.dns.verdict import Outcome, Reason, weigh
from portal.config import stack

if TYPE_CHECKING:
    from domains.dns.records import ExpectedRecord
    from domains.dns.verdict import Judgement

REMEMBER_SECONDS = 600


def weigh_spf(domain_name: str, record: ExpectedRecord, judgement: Judgement) -> Judgement:
    """Return the verdict as receivers would reach it; other records come back as they are.

    Findings are remembered by the record's text, so that ten thousand domains with the same record
    cost one evaluation. Never raises; a lookup that failed leaves the judgement as it was.
    """
    if record.record != "spf" or judgement.outcome in {Outcome.MISSING, Outcome.UNKNOWN}:
        return judgement
    if judgement.reason is Reason.TWO_SPF or not judgement.observed:
        return judgement
    if not _ours_is_there():
        return judgement  # the operator's own record is missing: nothing a customer can repair
    finding = _finding(judgement.observed[0], domain_name)
    return judgement if finding.is_doubtful else weigh(judgement, finding)


def sending_addresses() -> list[str]:
    """Return the addresses other servers see our mail come from; empty when nobody knows."""
    if stack().senders:
        return stack().senders
    found: list[str] = []
    for rdtype in ("A", "AAAA"):
        found += look_up(Question(stack().mail_hostname, rdtype)).values
    return found


def _finding(text: str, domain_name: str) -> SpfFinding:
    addresses = sending_addresses()
    own = domain_name if _depends_on_name(text) else ""
    digest = hashlib.sha256(repr((text, own, addresses, stack().resolvers)).encode()).hexdigest()
    key = f"domains:spf:{digest}"
    known = cache.get(key)
    if known is not None:
        return SpfFinding(**known)
    finding = evaluate(text, domain_name, addresses, look_up)
    if not finding.is_doubtful:
        cache.set(key, asdict(finding), timeout=REMEMBER_SECONDS)
    return finding


def _ours_is_there() -> bool:
    values = look_up(Question(f"_spf.{stack().operator_domain}", "TXT")).values
    return any(value.lower().startswith("v=spf1") for value in values)


def _depends_on_name(text: str) -> bool:
    """Return whether the record has an `a`, `mx` or `ptr` that stands for the domain itself."""
    bare = {term.lstrip("+-~?").lower().partition("/")[0] for term in text.split()}
    return bool(bare & {"a", "mx", "ptr"})
