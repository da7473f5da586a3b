"""How live records compare with expected ones; an answer that did not come is never an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.dns.answers import Failure, ServerAnswer
from domains.dns.records import DkimPublic, ExpectedRecord, Service, expected
from domains.dns.repair import merged_spf, proposal
from domains.dns.verdict import Judgement, Outcome, Reason, judge, tags

KEY = "MIIBIjANBgkq"
RECORDS = {
    record.record: record
    for record in expected(
        "congty.vn",
        ownership_token="7f3c",
        mail_hostname="mail.hopthu.test",
        operator_domain="hopthu.test",
        dkim=(DkimPublic("s1", KEY), DkimPublic("s2", KEY, "s2.1._dkim.hopthu.test")),
        sts_id="abc1",
        services=(Service("imaps", "mail.hopthu.test", 993),),
        pacc="v=UAAC1; a=sha256; d=x",
    )
}
OURS = "include:_spf.hopthu.test"


def say(*values: str) -> ServerAnswer:
    return ServerAnswer("ns1.example", values)


def verdict(code: str, *values: str) -> tuple[Outcome, Reason]:
    found = judge(RECORDS[code], [say(*values)])
    return found.outcome, found.reason


MATCH, MISSING, CONFLICT, UNKNOWN = Outcome


@pytest.mark.parametrize(
    ("code", "values", "outcome", "reason"),
    [
        # ownership
        ("ownership", ["hopthu-verify=7f3c"], MATCH, Reason.NONE),
        ("ownership", ["google-site=1", "hopthu-verify=7f3c"], MATCH, Reason.NONE),
        ("ownership", ["hopthu-verify=old", "hopthu-verify=7f3c"], MATCH, Reason.NONE),
        ("ownership", ["hopthu-verify=old"], CONFLICT, Reason.OTHER_TOKEN),
        ("ownership", ["google-site=1"], MISSING, Reason.NONE),
        ("ownership", [], MISSING, Reason.NONE),
        # what is only recommended
        ("mta-sts", ["v=STSv1; id=abc1"], MATCH, Reason.NONE),
        ("mta-sts", ["v=STSv1; id=old"], CONFLICT, Reason.STS_OLD_ID),
        ("mta-sts", ["v=STSv1; id=abc1", "v=STSv1; id=b"], CONFLICT, Reason.TWO_STS),
        ("mta-sts", ["something"], MISSING, Reason.NONE),
        ("mta-sts-host", ["mail.hopthu.test."], MATCH, Reason.NONE),
        ("mta-sts-host", ["www.congty.vn."], CONFLICT, Reason.CNAME_ELSEWHERE),
        ("tls-rpt", ["v=TLSRPTv1; rua=mailto:a@b.vn"], MATCH, Reason.NONE),
        ("tls-rpt", ["v=TLSRPTv1;rua=https://b.vn/r"], MATCH, Reason.NONE),
        ("tls-rpt", ["v=TLSRPTv1; rua=a@b.vn"], CONFLICT, Reason.TLSRPT_BROKEN),
        ("tls-rpt", ["v=TLSRPTv1; rua=mailto:a@b", "v=TLSRPTv1"], CONFLICT, Reason.TWO_TLSRPT),
        ("srv-imaps", ["0 1 993 MAIL.hopthu.test."], MATCH, Reason.NONE),
        ("srv-imaps", ["10 5 993 mail.hopthu.test.", "20 1 993 b."], MATCH, Reason.NONE),
        ("srv-imaps", ["0 0 0 ."], CONFLICT, Reason.SRV_ELSEWHERE),
        ("srv-imaps", [], MISSING, Reason.NONE),
        ("pacc", ["v=UAAC1; a=sha256; d=x"], MATCH, Reason.NONE),
        ("pacc", ["v=UAAC1; a=sha256; d=y"], CONFLICT, Reason.OTHER_DIGEST),
        ("autoconfig", [], MISSING, Reason.NONE),
        # mx
        ("mx", ["10 mail.hopthu.test."], MATCH, Reason.NONE),
        ("mx", ["0 MAIL.hopthu.test"], MATCH, Reason.NONE),
        ("mx", ["10 mail.hopthu.test.", "20 old.example."], MATCH, Reason.MX_BACKUP),
        ("mx", ["10 mail.hopthu.test.", "10 old.example."], CONFLICT, Reason.MX_SHARED),
        ("mx", ["20 mail.hopthu.test.", "10 old.example."], CONFLICT, Reason.MX_SHARED),
        ("mx", ["10 old.example."], CONFLICT, Reason.MX_ELSEWHERE),
        ("mx", ["0 ."], CONFLICT, Reason.MX_NULL),
        ("mx", ["nonsense"], MISSING, Reason.NONE),
        ("mx", [], MISSING, Reason.NONE),
        # spf
        ("spf", [f"v=spf1 {OURS} -all"], MATCH, Reason.NONE),
        ("spf", [f"V=SPF1 ip4:192.0.2.1 +{OURS} include:x.example -ALL"], MATCH, Reason.NONE),
        ("spf", ["hello", f"v=spf1 {OURS} -all"], MATCH, Reason.NONE),
        ("spf", [f"v=spf1 {OURS} ~all"], MATCH, Reason.SPF_SOFT),
        ("spf", ["v=spf1 redirect=_spf.hopthu.test"], MATCH, Reason.NONE),
        ("spf", [f"v=spf1 {OURS} ?all"], CONFLICT, Reason.SPF_OPEN),
        ("spf", [f"v=spf1 {OURS} +all"], CONFLICT, Reason.SPF_OPEN),
        ("spf", [f"v=spf1 {OURS} all"], CONFLICT, Reason.SPF_OPEN),
        ("spf", [f"v=spf1 {OURS}"], CONFLICT, Reason.SPF_WITHOUT_ALL),
        ("spf", [f"v=spf1 -all {OURS}"], CONFLICT, Reason.SPF_AFTER_ALL),
        ("spf", [f"v=spf1 -{OURS} -all"], CONFLICT, Reason.SPF_WITHOUT_US),
        ("spf", [f"v=spf1 ?{OURS} -all"], CONFLICT, Reason.SPF_WITHOUT_US),
        ("spf", ["v=spf1 include:old.example -all"], CONFLICT, Reason.SPF_WITHOUT_US),
        ("spf", ["v=spf1"], CONFLICT, Reason.SPF_WITHOUT_US),
        ("spf", [f"v=spf1 {OURS} -all", "v=spf1 mx -all"], CONFLICT, Reason.TWO_SPF),
        (
            "spf",
            [f"v=spf1 {OURS} " + " ".join(f"include:s{i}.example" for i in range(10)) + " -all"],
            CONFLICT,
            Reason.SPF_TOO_MANY,
        ),
        ("spf", ["v=spf10 -all"], MISSING, Reason.NONE),
        ("spf", [], MISSING, Reason.NONE),
        # dkim
        ("dkim-s1", [f"v=DKIM1; k=rsa; p={KEY}"], MATCH, Reason.NONE),
        ("dkim-s1", [f"p={KEY[:4]} {KEY[4:]}"], MATCH, Reason.NONE),
        ("dkim-s1", [f"v=DKIM1; t=y; p={KEY}"], MATCH, Reason.DKIM_TESTING),
        ("dkim-s1", [f"v=DKIM1; t=y:s; p={KEY}"], MATCH, Reason.DKIM_TESTING),
        ("dkim-s1", ["v=DKIM1; p=other"], CONFLICT, Reason.DKIM_OTHER_KEY),
        ("dkim-s1", [f"v=DKIM1; p={KEY[:-3]}"], CONFLICT, Reason.DKIM_OTHER_KEY),
        ("dkim-s1", [f"v=DKIM1; k=ed25519; p={KEY}"], CONFLICT, Reason.DKIM_OTHER_KEY),
        ("dkim-s1", ["v=DKIM1; p="], CONFLICT, Reason.DKIM_REVOKED),
        ("dkim-s1", [f"p={KEY}", "p=x"], CONFLICT, Reason.TWO_DKIM),
        ("dkim-s1", ["hello"], MISSING, Reason.NONE),
        ("dkim-s2", ["s2.1._DKIM.hopthu.test."], MATCH, Reason.NONE),
        ("dkim-s2", ["elsewhere.example."], CONFLICT, Reason.CNAME_ELSEWHERE),
        ("dkim-s2", [], MISSING, Reason.NONE),
        # dmarc
        ("dmarc", ["v=DMARC1; p=none"], MATCH, Reason.NONE),
        ("dmarc", ["v=DMARC1;p=none;rua=mailto:x@y.example"], MATCH, Reason.NONE),
        ("dmarc", ["v=DMARC1; p=reject; sp=none"], MATCH, Reason.DMARC_STRICTER),
        ("dmarc", ["v=DMARC1; p=maybe"], CONFLICT, Reason.DMARC_BROKEN),
        ("dmarc", ["v=DMARC1"], CONFLICT, Reason.DMARC_BROKEN),
        ("dmarc", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], CONFLICT, Reason.TWO_DMARC),
        ("dmarc", ["v=DMARC12; p=none"], MISSING, Reason.NONE),
        ("dmarc", [], MISSING, Reason.NONE),
    ],
)
def test_a_live_record_is_judged_by_what_other_servers_would_do(
    code: str, values: list[str], outcome: Outcome, reason: Reason
) -> None:
    assert verdict(code, *values) == (outcome, reason)


@pytest.mark.parametrize("code", RECORDS)
@pytest.mark.parametrize("failure", Failure)
def test_an_answer_that_did_not_come_is_unknown_never_missing(code: str, failure: Failure) -> None:
    found = judge(RECORDS[code], [ServerAnswer("ns1", failure=failure)])
    assert (found.outcome, found.reason) == (UNKNOWN, Reason(failure.value))
    assert (found.asked, found.answered) == (1, 0)


@pytest.mark.parametrize("code", RECORDS)
def test_nobody_asked_is_unknown(code: str) -> None:
    assert judge(RECORDS[code], []).outcome is UNKNOWN


def test_half_of_the_servers_are_enough() -> None:
    silent = ServerAnswer("ns2", failure=Failure.TIMEOUT)
    good = say("10 mail.hopthu.test.")
    assert judge(RECORDS["mx"], [good, silent]).outcome is MATCH
    found = judge(RECORDS["mx"], [good, silent, silent])
    assert (found.outcome, found.reason, found.answered) == (UNKNOWN, Reason.TIMEOUT, 1)


def test_servers_that_contradict_each_other_prove_nothing() -> None:
    found = judge(RECORDS["mx"], [say("10 mail.hopthu.test."), say()])
    assert (found.outcome, found.reason) == (UNKNOWN, Reason.SERVERS_DISAGREE)
    assert found.observed == ("10 mail.hopthu.test.",)


@given(st.sampled_from(list(RECORDS)), st.lists(st.text(max_size=60), max_size=5))
def test_no_text_in_the_dns_breaks_a_verdict(code: str, values: list[str]) -> None:
    assert judge(RECORDS[code], [say(*values)]).outcome is not UNKNOWN


@given(st.lists(st.text(max_size=10), max_size=4))
def test_what_we_ask_for_is_a_match_whatever_stands_beside_it(others: list[str]) -> None:
    for record in RECORDS.values():
        if record.rdtype == "TXT" and record.record != "dkim-s1":
            noise = [text for text in others if "=" not in text]
            assert judge(record, [say(record.value, *noise)]).outcome is MATCH


def test_the_first_tag_of_a_name_counts() -> None:
    assert tags("p=1; P=2;; x ; y=") == {"p": "1", "y": ""}


# ---- proposals


def propose(*values: str) -> str:
    record = RECORDS["spf"]
    return proposal(record, judge(record, [say(*values)]))


def test_two_spf_records_become_one_that_keeps_every_sender() -> None:
    assert propose(f"v=spf1 {OURS} -all", "v=spf1 ip4:192.0.2.1 mx ~all") == (
        f"v=spf1 {OURS} ip4:192.0.2.1 mx ~all"
    )


def test_our_servers_are_put_before_the_old_ones() -> None:
    assert propose("v=spf1 include:old.example -all") == f"v=spf1 {OURS} include:old.example -all"
    assert propose(f"v=spf1 -all {OURS}") == f"v=spf1 {OURS} -all"
    assert propose(f"v=spf1 {OURS} +all") == f"v=spf1 {OURS} ~all"


def test_a_good_record_needs_no_proposal() -> None:
    assert not propose(f"v=spf1 {OURS} -all")
    assert not propose()
    assert not proposal(RECORDS["mx"], Judgement(CONFLICT, Reason.MX_SHARED))


def test_too_many_senders_cannot_be_merged_by_machine() -> None:
    many = "v=spf1 " + " ".join(f"include:s{i}.example" for i in range(10)) + " -all"
    assert not merged_spf(RECORDS["spf"].value, [many])


@given(
    st.lists(
        st.lists(
            st.sampled_from(["mx", "a", "ip4:192.0.2.1", "include:x.example", "~all", "-all"])
        ),
        min_size=1,
        max_size=3,
    )
)
def test_every_proposal_is_a_match(records: list[list[str]]) -> None:
    live = [" ".join(["v=spf1", *terms]) for terms in records]
    if proposed := propose(*live):
        record: ExpectedRecord = RECORDS["spf"]
        assert judge(record, [say(proposed)]).outcome is MATCH
