"""Compares what a domain should publish with what its name servers say. Pure.

The verdict is about what other mail servers would do with the live record, not about equal text: a
DMARC record with a stricter policy or an SPF record with more senders is fine. And an answer that
did not come is never an answer: time-outs, SERVFAIL and REFUSED give `unknown`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from domains.dns.records import OWNERSHIP_PREFIX, Need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from domains.dns.answers import ServerAnswer
    from domains.dns.records import ExpectedRecord
    from domains.dns.spf import SpfFinding

SPF_LOOKUPS = 10  # RFC 7208 section 4.6.4
_SPF_LOOKUP_TERMS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})


class Outcome(StrEnum):
    """The four states of a record; the same codes as the table's."""

    MATCH = "match"
    MISSING = "missing"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why, where the outcome alone does not say it."""

    NONE = ""
    OTHER_TOKEN = "other_token"  # noqa: S105  code of a reason, no secret
    MX_ELSEWHERE = "mx_elsewhere"
    MX_SHARED = "mx_shared"  # another server has the same or a better preference
    MX_BACKUP = "mx_backup"  # match: others are only asked after ours
    MX_NULL = "mx_null"  # RFC 7505: the domain says it takes no mail
    TWO_SPF = "two_spf"
    SPF_WITHOUT_US = "spf_without_us"
    SPF_AFTER_ALL = "spf_after_all"
    SPF_OPEN = "spf_open"  # +all or ?all
    SPF_WITHOUT_ALL = "spf_without_all"
    SPF_SOFT = "spf_soft"  # match: ~all
    SPF_TOO_MANY = "spf_too_many"
    SPF_BROKEN = "spf_broken"  # receivers reject it (permerror)
    SPF_NOT_OURS = "spf_not_ours"  # it names us, yet does not authorise the addresses we send from
    SPF_BY_ADDRESS = "spf_by_address"  # match: authorises our addresses by another way
    TWO_STS = "two_sts"
    STS_OLD_ID = "sts_old_id"
    TWO_TLSRPT = "two_tlsrpt"
    TLSRPT_BROKEN = "tlsrpt_broken"
    SRV_ELSEWHERE = "srv_elsewhere"
    OTHER_DIGEST = "other_digest"
    TWO_DKIM = "two_dkim"
    DKIM_OTHER_KEY = "dkim_other_key"
    DKIM_OLD_KEY = "dkim_old_key"  # another key where the one shown does not sign yet
    DKIM_REVOKED = "dkim_revoked"
    DKIM_TESTING = "dkim_testing"  # match: t=y
    CNAME_ELSEWHERE = "cname_elsewhere"
    TWO_DMARC = "two_dmarc"
    DMARC_BROKEN = "dmarc_broken"
    DMARC_STRICTER = "dmarc_stricter"  # match: another policy than the one proposed
    SERVERS_DISAGREE = "servers_disagree"
    TIMEOUT = "timeout"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said about one record."""

    outcome: Outcome
    reason: Reason = Reason.NONE
    observed: tuple[str, ...] = ()  # the values that bear on this record
    asked: int = 0  # servers
    answered: int = 0
    figures: Mapping[str, object] = field(default_factory=dict)  # SPF: lookups, addresses


def judge(record: ExpectedRecord, answers: Sequence[ServerAnswer]) -> Judgement:
    """Return the verdict over all servers.

    At least half of the servers asked must have answered, and those must agree; otherwise the
    outcome is unknown, because other mail servers would see now this, now that.
    """
    heard = [answer for answer in answers if answer.failure is None]
    if not answers or 2 * len(heard) < len(answers) or not heard:
        failures = Counter(answer.failure for answer in answers if answer.failure)
        reason = Reason(failures.most_common(1)[0][0].value) if failures else Reason.NOT_ASKED
        return Judgement(Outcome.UNKNOWN, reason, (), len(answers), len(heard))
    found = [_JUDGES[_kind(record)](record, answer.values) for answer in heard]
    values = tuple(dict.fromkeys(value for one in found for value in one.observed))
    if len({one.outcome for one in found}) > 1:
        return Judgement(Outcome.UNKNOWN, Reason.SERVERS_DISAGREE, values, len(answers), len(heard))
    return Judgement(found[0].outcome, found[0].reason, values, len(answers), len(heard))


def weigh(judgement: Judgement, finding: SpfFinding) -> Judgement:
    """Return the verdict on an SPF record after it was evaluated for the addresses we send from."""
    figures = {"lookups": finding.lookups, "addresses": dict(finding.results)}
    judged = replace(judgement, figures=figures)
    if finding.lookups > SPF_LOOKUPS:
        return replace(judged, outcome=Outcome.CONFLICT, reason=Reason.SPF_TOO_MANY)
    if finding.is_broken:
        return replace(judged, outcome=Outcome.CONFLICT, reason=Reason.SPF_BROKEN)
    if not finding.results:
        return judged
    if judgement.reason is Reason.SPF_WITHOUT_US and not finding.refused:
        return replace(judged, outcome=Outcome.MATCH, reason=Reason.SPF_BY_ADDRESS)
    if judgement.outcome is Outcome.MATCH and finding.refused:
        return replace(judged, outcome=Outcome.CONFLICT, reason=Reason.SPF_NOT_OURS)
    return judged


def _kind(record: ExpectedRecord) -> str:
    if record.rdtype in {"CNAME", "SRV"}:
        return record.rdtype.lower()
    if record.record in _JUDGES:
        return record.record
    return record.record.partition("-")[0]


def _ownership(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    tokens = tuple(v.strip() for v in values if v.strip().startswith(OWNERSHIP_PREFIX))
    if record.value in tokens:
        return Judgement(Outcome.MATCH, observed=tokens)
    if tokens:
        return Judgement(Outcome.CONFLICT, Reason.OTHER_TOKEN, tokens)
    return Judgement(Outcome.MISSING)


def _mx(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    ours = record.value.partition(" ")[2].lower()
    rows = sorted(pair for value in values if (pair := _mx_pair(value)))
    shown = tuple(f"{preference} {target}" for preference, target in rows)
    if not rows:
        return Judgement(Outcome.MISSING)
    mine = [preference for preference, target in rows if target == ours]
    others = [preference for preference, target in rows if target != ours]
    if not mine:
        null = all(target == "." for _preference, target in rows)
        reason = Reason.MX_NULL if null else Reason.MX_ELSEWHERE
        return Judgement(Outcome.CONFLICT, reason, shown)
    if others and min(others) <= min(mine):
        return Judgement(Outcome.CONFLICT, Reason.MX_SHARED, shown)
    return Judgement(Outcome.MATCH, Reason.MX_BACKUP if others else Reason.NONE, shown)


def _mx_pair(value: str) -> tuple[int, str] | None:
    preference, _space, target = value.strip().partition(" ")
    if not preference.isdigit():
        return None
    return int(preference), target.strip().lower().rstrip(".") + "."


def _spf(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    found = tuple(v for v in values if re.match(r"v=spf1(\s|$)", v.strip(), re.IGNORECASE))
    if not found:
        return Judgement(Outcome.MISSING)
    if len(found) > 1:
        return Judgement(Outcome.CONFLICT, Reason.TWO_SPF, found)
    reason = _spf_fault(record, found[0].lower().split()[1:])
    outcome = Outcome.MATCH if reason in {Reason.NONE, Reason.SPF_SOFT} else Outcome.CONFLICT
    return Judgement(outcome, reason, found)


def _spf_fault(record: ExpectedRecord, terms: list[str]) -> Reason:
    include = record.value.lower().split()[1]
    named = [term.lstrip("+") for term in terms]
    end = next((i for i, term in enumerate(terms) if term.lstrip("+-~?") == "all"), None)
    redirect = f"redirect={include.partition(':')[2]}"
    if include in named:
        if end is not None and named.index(include) > end:
            return Reason.SPF_AFTER_ALL
    elif end is not None or redirect not in named:
        return Reason.SPF_WITHOUT_US
    lookups = sum(re.split(r"[:=/]", t.lstrip("+-~?"))[0] in _SPF_LOOKUP_TERMS for t in terms)
    if lookups > SPF_LOOKUPS:
        return Reason.SPF_TOO_MANY
    if end is None:
        return Reason.NONE if redirect in named else Reason.SPF_WITHOUT_ALL
    return {"-all": Reason.NONE, "~all": Reason.SPF_SOFT}.get(terms[end], Reason.SPF_OPEN)


def _dkim(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    found = tuple(v for v in values if "p" in tags(v))
    if not found:
        return Judgement(Outcome.MISSING)
    if len(found) > 1:
        return Judgement(Outcome.CONFLICT, Reason.TWO_DKIM, found)
    live, wanted = tags(found[0]), tags(record.value)
    key = re.sub(r"\s", "", live["p"])
    if not key:
        return Judgement(Outcome.CONFLICT, Reason.DKIM_REVOKED, found)
    if key != wanted["p"] or live.get("k", "rsa").lower() != "rsa":
        is_signing = record.need is Need.REQUIRED
        reason = Reason.DKIM_OTHER_KEY if is_signing else Reason.DKIM_OLD_KEY
        return Judgement(Outcome.CONFLICT, reason, found)
    testing = "y" in live.get("t", "").split(":")
    return Judgement(Outcome.MATCH, Reason.DKIM_TESTING if testing else Reason.NONE, found)


def _cname(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    if not values:
        return Judgement(Outcome.MISSING)
    if [v.lower().rstrip(".") for v in values] == [record.value.lower().rstrip(".")]:
        return Judgement(Outcome.MATCH, observed=values)
    return Judgement(Outcome.CONFLICT, Reason.CNAME_ELSEWHERE, values)


def _dmarc(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    found = tuple(v for v in values if re.match(r"v\s*=\s*DMARC1\s*(;|$)", v.strip()))
    if not found:
        return Judgement(Outcome.MISSING)
    if len(found) > 1:
        return Judgement(Outcome.CONFLICT, Reason.TWO_DMARC, found)
    policy = tags(found[0]).get("p", "").lower()
    if policy not in {"none", "quarantine", "reject"}:
        return Judgement(Outcome.CONFLICT, Reason.DMARC_BROKEN, found)
    same = policy == tags(record.value)["p"]
    return Judgement(Outcome.MATCH, Reason.NONE if same else Reason.DMARC_STRICTER, found)


def _sts(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    found = tuple(v for v in values if re.match(r"v\s*=\s*STSv1\s*(;|$)", v.strip()))
    if not found:
        return Judgement(Outcome.MISSING)
    if len(found) > 1:
        return Judgement(Outcome.CONFLICT, Reason.TWO_STS, found)
    same = tags(found[0]).get("id") == tags(record.value)["id"]
    if same:
        return Judgement(Outcome.MATCH, observed=found)
    return Judgement(Outcome.CONFLICT, Reason.STS_OLD_ID, found)


def _tlsrpt(_record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    found = tuple(v for v in values if re.match(r"v\s*=\s*TLSRPTv1\s*(;|$)", v.strip()))
    if not found:
        return Judgement(Outcome.MISSING)
    if len(found) > 1:
        return Judgement(Outcome.CONFLICT, Reason.TWO_TLSRPT, found)
    if not re.match(r"(mailto|https):", tags(found[0]).get("rua", "")):
        return Judgement(Outcome.CONFLICT, Reason.TLSRPT_BROKEN, found)
    return Judgement(Outcome.MATCH, observed=found)


def _srv(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    if not values:
        return Judgement(Outcome.MISSING)
    wanted = record.value.lower().split()[2:]  # port and target; priority and weight are free
    if any(value.lower().split()[2:] == wanted for value in values):
        return Judgement(Outcome.MATCH, observed=values)
    return Judgement(Outcome.CONFLICT, Reason.SRV_ELSEWHERE, values)


def _pacc(record: ExpectedRecord, values: tuple[str, ...]) -> Judgement:
    found = tuple(v for v in values if v.strip().startswith("v=UAAC1"))
    if not found:
        return Judgement(Outcome.MISSING)
    if any(tags(v).get("d") == tags(record.value)["d"] for v in found):
        return Judgement(Outcome.MATCH, observed=found)
    return Judgement(Outcome.CONFLICT, Reason.OTHER_DIGEST, found)


def tags(text: str) -> dict[str, str]:
    """Return the tag list of a DKIM or DMARC record (RFC 6376 section 3.2); the first of a name."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found


_JUDGES: dict[str, Callable[[ExpectedRecord, tuple[str, ...]], Judgement]] = {
    "ownership": _ownership,
    "mx": _mx,
    "spf": _spf,
    "dkim": _dkim,
    "cname": _cname,
    "dmarc": _dmarc,
    "mta-sts": _sts,
    "tls-rpt": _tlsrpt,
    "srv": _srv,
    "pacc": _pacc,
}
