"""SPF records as receivers read them: who may send, how many lookups, and hostile trees that end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.dns.answers import Failure, Question, ServerAnswer
from domains.dns.spf import MAX_COUNTED, SpfFinding, evaluate
from domains.dns.verdict import Judgement, Outcome, Reason, weigh

OURS, OTHER = "192.0.2.25", "198.51.100.7"
DNS = {
    ("_spf.host.vn", "TXT"): ("v=spf1 ip4:192.0.2.0/28 ip4:192.0.2.25 -all",),
    ("_spf.news.example", "TXT"): ("v=spf1 include:a.news.example include:b.news.example ~all",),
    ("a.news.example", "TXT"): ("v=spf1 ip4:198.51.100.0/24 -all",),
    ("b.news.example", "TXT"): ("v=spf1 a mx -all", "other text"),
    ("b.news.example", "A"): ("203.0.113.4",),
    ("b.news.example", "MX"): ("10 mx.news.example.",),
    ("mx.news.example", "A"): ("192.0.2.25",),
    ("congty.vn", "A"): ("192.0.2.25",),
    ("six.example", "AAAA"): ("2001:db8::25",),
    ("within.example", "TXT"): ("v=spf1 include:%{i}.x.example -all",),
    ("two.example", "TXT"): ("v=spf1 -all", "v=spf1 +all"),
    ("loop.example", "TXT"): ("v=spf1 include:loop.example -all",),
    **{(f"n{i}.example", "TXT"): (f"v=spf1 include:n{i + 1}.example -all",) for i in range(99)},
}


def look_up(question: Question) -> ServerAnswer:
    return ServerAnswer("r", DNS.get((question.name, question.rdtype), ()))


def result(text: str, address: str = OURS) -> str:
    return evaluate(text, "congty.vn", [address], look_up).results[address]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1 include:_spf.host.vn -all", "pass"),
        ("v=spf1 +include:_spf.host.vn ~all", "pass"),
        ("v=spf1 ip4:192.0.2.25 -all", "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("v=spf1 a -all", "pass"),
        ("v=spf1 a:congty.vn/24 -all", "pass"),
        ("v=spf1 a/24//64 -all", "pass"),
        ("v=spf1 mx:b.news.example -all", "pass"),
        ("v=spf1 redirect=_spf.host.vn", "pass"),
        ("v=spf1 -ip4:192.0.2.25 include:_spf.host.vn -all", "fail"),
        ("v=spf1 -all include:_spf.host.vn", "fail"),
        ("v=spf1 include:a.news.example -all", "fail"),
        ("v=spf1 include:a.news.example ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1", "neutral"),
        ("v=spf1 exp=why.congty.vn moo=x -all", "fail"),
        ("v=spf1 ip4:192.0.2.25 include:%{i}.x.example -all", "pass"),
        ("v=spf1 -ip4:192.0.2.25 exists:%{i}.x.example -all", "fail"),
        ("v=spf1 include:nothing.example -all", "permerror"),
        ("v=spf1 include:two.example -all", "permerror"),
        ("v=spf1 include:loop.example -all", "permerror"),
        ("v=spf1 include:n0.example -all", "permerror"),
        ("v=spf1 redirect=nothing.example", "permerror"),
        ("v=spf1 ip4:999.1.1.1 -all", "permerror"),
        ("v=spf1 includ:_spf.host.vn -all", "permerror"),
        ("v=spf1 include:127.0.0.1/x -all", "permerror"),
        ("v=spf1 include:http://evil/ -all", "permerror"),
    ],
)
def test_a_record_gives_the_result_of_the_standard(text: str, expected: str) -> None:
    assert result(text) == expected


def test_addresses_of_the_newer_kind_are_weighed_too() -> None:
    six = "2001:db8::25"
    assert result("v=spf1 a:six.example -all", six) == "pass"
    assert result("v=spf1 ip6:2001:db8::/32 -all", six) == "pass"
    assert result("v=spf1 ip4:192.0.2.25 -all", six) == "fail"


@pytest.mark.parametrize(
    ("text", "lookups"),
    [
        ("v=spf1 ip4:192.0.2.25 -all", 0),
        ("v=spf1 include:_spf.host.vn -all", 1),
        ("v=spf1 include:_spf.host.vn include:_spf.news.example -all", 6),
        ("v=spf1 a mx ptr exists:x.example redirect=_spf.host.vn", 5),
        ("v=spf1 include:n0.example -all", 11),
        ("v=spf1 " + "a " * 200 + "-all", MAX_COUNTED),
    ],
)
def test_lookups_are_counted_through_every_include(text: str, lookups: int) -> None:
    assert evaluate(text, "congty.vn", [], look_up).lookups == lookups


def test_a_lookup_that_did_not_come_makes_the_finding_doubtful() -> None:
    silent = evaluate(
        "v=spf1 include:_spf.host.vn -all",
        "congty.vn",
        [OURS],
        lambda _question: ServerAnswer("r", failure=Failure.TIMEOUT),
    )
    assert silent == SpfFinding(0, {}, is_doubtful=True)


@pytest.mark.parametrize(
    "term",
    [
        "include:%{i}.x.example",
        "a:%{d}",
        "mx:%{d2}.example/24",
        "exists:%{ir}.%{v}.x.example",
        "redirect=%{d}.x.example",
        "include:within.example",
    ],
)
def test_a_macro_before_any_match_makes_the_finding_doubtful(term: str) -> None:
    assert evaluate(f"v=spf1 {term}", "congty.vn", [OURS], look_up).is_doubtful


@given(st.text(alphabet="abcdeilmnopqrtux0123456789.:/=%{}+-~? ", max_size=200))
def test_no_record_breaks_the_evaluation(text: str) -> None:
    finding = evaluate(f"v=spf1 {text}", "congty.vn", [OURS], look_up)
    assert set(finding.results.values()) <= {"pass", "fail", "softfail", "neutral", "permerror"}
    assert 0 <= finding.lookups <= MAX_COUNTED


@pytest.mark.parametrize(
    ("before", "finding", "outcome", "reason"),
    [
        (Reason.NONE, SpfFinding(3, {OURS: "pass"}), Outcome.MATCH, Reason.NONE),
        (Reason.NONE, SpfFinding(11, {OURS: "pass"}), Outcome.CONFLICT, Reason.SPF_TOO_MANY),
        (Reason.NONE, SpfFinding(3, {OURS: "permerror"}), Outcome.CONFLICT, Reason.SPF_BROKEN),
        (Reason.NONE, SpfFinding(3, {OURS: "fail"}), Outcome.CONFLICT, Reason.SPF_NOT_OURS),
        (
            Reason.SPF_WITHOUT_US,
            SpfFinding(1, {OURS: "pass"}),
            Outcome.MATCH,
            Reason.SPF_BY_ADDRESS,
        ),
        (
            Reason.SPF_WITHOUT_US,
            SpfFinding(1, {OURS: "pass", OTHER: "fail"}),
            Outcome.CONFLICT,
            Reason.SPF_WITHOUT_US,
        ),
        (Reason.NONE, SpfFinding(2, {}), Outcome.MATCH, Reason.NONE),
    ],
)
def test_the_verdict_is_what_receivers_would_do(
    before: Reason, finding: SpfFinding, outcome: Outcome, reason: Reason
) -> None:
    start = Outcome.CONFLICT if before is Reason.SPF_WITHOUT_US else Outcome.MATCH
    judged = weigh(Judgement(start, before, ("v=spf1",)), finding)
    assert (judged.outcome, judged.reason) == (outcome, reason)
    assert judged.figures["lookups"] == finding.lookups
