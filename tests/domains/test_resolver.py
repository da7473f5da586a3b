"""The resolver finds a domain's own servers, and says in types why an answer did not come."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from domains.dns.answers import Failure, Question, ServerAnswer
from domains.dns.lookups import look_up
from domains.dns.resolver import Engine, observe
from portal.config import stack
from tests.domains.name_server import Mood, NameServer

if TYPE_CHECKING:
    from collections.abc import Iterator

MX = Question("congty.test", "MX")
TXT = Question("congty.test", "TXT")
KEY = Question("s1._domainkey.congty.test", "TXT")


@pytest.fixture
def second() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


def only(answers: tuple[ServerAnswer, ...]) -> ServerAnswer:
    (answer,) = answers
    return answer


def test_values_come_as_text_the_way_people_type_them(name_server: NameServer) -> None:
    name_server.zone("congty.test")
    name_server.put("congty.test", "MX", "20 b.test.", "10 a.test.")
    name_server.put("congty.test", "TXT", '"v=spf1 " "-all"', "xin ch\\195\\160o")
    seen = observe("congty.test", [MX, TXT])
    assert seen.servers == ("ns.congty.test",)
    assert only(seen.answers[MX]).values == ("10 a.test.", "20 b.test.")
    assert only(seen.answers[TXT]).values == ("v=spf1 -all", "xin chào")


def test_nothing_there_is_an_answer(name_server: NameServer) -> None:
    name_server.zone("congty.test")
    assert only(observe("congty.test", [MX]).answers[MX]) == ServerAnswer("ns.congty.test")
    assert only(observe("congty.test", [KEY]).answers[KEY]) == ServerAnswer("ns.congty.test")


@pytest.mark.parametrize(
    ("mood", "failure"),
    [
        (Mood.SERVFAIL, Failure.SERVFAIL),
        (Mood.REFUSED, Failure.REFUSED),
        (Mood.LAME, Failure.REFUSED),
        (Mood.GARBAGE, Failure.MALFORMED),
        (Mood.SILENT, Failure.TIMEOUT),
    ],
)
def test_a_server_that_fails_gives_a_typed_failure(
    mood: Mood, failure: Failure, name_server: NameServer, second: NameServer
) -> None:
    name_server.zone("congty.test", ("ns2.congty.test", second.address))
    second.mood = lambda _name: mood
    answer = only(observe("congty.test", [MX], budget_seconds=2).answers[MX])
    assert (answer.failure, answer.values) == (failure, ())


def test_a_resolver_that_is_down_is_a_failure_for_every_question(name_server: NameServer) -> None:
    name_server.mood = lambda _name: Mood.SILENT
    started = monotonic()
    seen = observe("congty.test", [MX, TXT], budget_seconds=1)
    assert monotonic() - started < 3
    assert seen.servers == ()
    assert {only(answer).failure for answer in seen.answers.values()} == {Failure.TIMEOUT}


def test_a_port_nobody_listens_on_is_unreachable_or_silent(
    name_server: NameServer,
) -> None:
    name_server.zone("congty.test", ("ns2.congty.test", "127.222.251.251"))
    answer = only(observe("congty.test", [MX], budget_seconds=2).answers[MX])
    assert answer.failure in {Failure.UNREACHABLE, Failure.TIMEOUT}


def test_every_server_of_the_domain_is_asked_by_itself(
    name_server: NameServer, second: NameServer
) -> None:
    name_server.zone(
        "congty.test",
        ("ns1.congty.test", name_server.address),
        ("ns2.congty.test", second.address),
    )
    name_server.put("congty.test", "MX", "10 new.test.")
    second.records = dict(name_server.records)
    second.put("congty.test", "MX", "10 old.test.")
    answers = observe("congty.test", [MX]).answers[MX]
    assert [(a.server, a.values) for a in answers] == [
        ("ns1.congty.test", ("10 new.test.",)),
        ("ns2.congty.test", ("10 old.test.",)),
    ]


def test_a_name_inside_a_larger_zone_finds_the_zones_servers(name_server: NameServer) -> None:
    name_server.zone("congty.test")
    name_server.put("thu.congty.test", "MX", "10 a.test.")
    name_server.put("thu.congty.test", "NS")
    question = Question("thu.congty.test", "MX")
    assert only(observe("thu.congty.test", [question]).answers[question]).values == ("10 a.test.",)


def test_a_cut_answer_is_fetched_again_by_tcp(name_server: NameServer) -> None:
    name_server.zone("congty.test")
    name_server.put(KEY.name, "TXT", "v=DKIM1; p=" + "x" * 240)
    name_server.mood = lambda name: Mood.TRUNCATED if name == KEY.name else Mood.TRUTH
    assert only(observe("congty.test", [KEY]).answers[KEY]).values == ("v=DKIM1; p=" + "x" * 240,)


def test_an_alias_is_followed_to_another_zone_but_never_in_circles(
    name_server: NameServer,
) -> None:
    name_server.zone("congty.test")
    name_server.put(KEY.name, "CNAME", "s1.dkim.hopthu.test.")
    name_server.put("s1.dkim.hopthu.test", "TXT", "v=DKIM1; p=abc")
    assert only(observe("congty.test", [KEY]).answers[KEY]).values == ("v=DKIM1; p=abc",)
    as_cname = Question(KEY.name, "CNAME")
    assert only(observe("congty.test", [as_cname]).answers[as_cname]).values == (
        "s1.dkim.hopthu.test.",
    )
    name_server.put("s1.dkim.hopthu.test", "TXT")
    name_server.records.pop(("s1.dkim.hopthu.test", "TXT"))
    name_server.put("s1.dkim.hopthu.test", "CNAME", f"{KEY.name}.")
    assert only(observe("congty.test", [KEY]).answers[KEY]).values == ()


def test_a_customers_name_server_cannot_send_us_into_our_own_network(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack(), "demo", False)
    inside = NameServer()
    with inside:
        name_server.zone("congty.test", ("ns.evil.test", inside.address))
        observe("congty.test", [MX], budget_seconds=2)
    assert inside.asked == []


def test_control_characters_never_reach_the_database(name_server: NameServer) -> None:
    name_server.zone("congty.test")
    name_server.put("congty.test", "TXT", "a\\000b\\010c", "x" * 250)
    values = only(observe("congty.test", [TXT]).answers[TXT]).values
    assert values[0] == "a\ufffdb\ufffdc"
    assert all(value.isprintable() for value in values)


def test_a_domain_whose_time_is_over_hands_its_time_out_to_no_other(
    name_server: NameServer,
) -> None:
    name_server.zone("one.test", ("ns.shared.test", name_server.address))
    name_server.zone("two.test", ("ns.shared.test", name_server.address))
    lost = {"one.test", "ns.shared.test"}  # the first question of each gets lost

    def mood(name: str) -> Mood:
        if name not in lost:
            return Mood.TRUTH
        lost.remove(name)
        return Mood.SILENT

    name_server.mood = mood
    asked = [(name, [Question(name, "MX")]) for name in ("one.test", "two.test")]
    engine = Engine(side_by_side=1, budget_seconds=2.0)
    one, two = asyncio.run(engine.observe_all(asked))
    assert only(one.answers[Question("one.test", "MX")]).failure is Failure.TIMEOUT
    assert two.servers == ("ns.shared.test",)


def test_a_failure_is_asked_again_and_answers_are_still_known(name_server: NameServer) -> None:
    name_server.zone("congty.test")
    name_server.put("congty.test", "TXT", "v=spf1 -all")
    name_server.mood = lambda name: Mood.SERVFAIL if name == "bad.test" else Mood.TRUTH
    bad = Question("bad.test", "TXT")
    for _time in range(2):
        assert look_up(TXT).values == ("v=spf1 -all",)
        assert look_up(bad).failure is Failure.SERVFAIL
    assert name_server.asked.count(("congty.test", "TXT")) == 1
    assert name_server.asked.count(("bad.test", "TXT")) == 2
