"""One check after the other: what is remembered, what is concluded, and what a silence changes."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent
from domains.dns.resolver import SILENCES
from domains.models import DkimKey, DnsCheck, Domain, DomainStatus, Verdict
from domains.selectors import dns_report, expected_records, filtered_domains
from domains.services.check_due import check_due
from domains.services.register_domain import register_domain
from domains.services.request_dns_check import open_check, request_dns_check
from domains.services.verify_dns import KEEP_CHECKS, verify_dns
from tests.domains.name_server import Mood, NameServer
from tests.world import World, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor


@pytest.fixture
def domain(world: World, admin: Actor, name_server: NameServer) -> Domain:
    made = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('dns')}.test")
    name_server.zone(made.name)
    return made


def publish(server: NameServer, domain: Domain, *without: str) -> None:
    for record in expected_records(domain):
        values = [] if record.record in without else [record.value]
        server.put(record.name, record.rdtype, *values)


def look(actor: Actor, domain: Domain) -> DnsCheck:
    check = verify_dns(check_id=request_dns_check(actor=actor, domain=domain).pk)
    assert check is not None
    domain.refresh_from_db()
    return check


def verdicts(check: DnsCheck) -> dict[str, str]:
    return dict(check.records.values_list("record", "verdict"))


def test_the_proof_makes_the_domain_active_and_its_key_sign(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    look(admin, domain)
    assert domain.status == DomainStatus.PENDING
    publish(name_server, domain, "mx", "spf", "dkim-s1", "dmarc")
    check = look(admin, domain)
    assert verdicts(check)["ownership"] == Verdict.MATCH
    assert domain.status == DomainStatus.ACTIVE
    assert domain.verified_at is not None
    keys = DkimKey.objects.filter(domain=domain).order_by("selector")
    assert [(key.selector, key.active_at is not None) for key in keys] == [
        ("s1", True),
        ("s2", False),
    ]
    assert AuditEvent.objects.filter(action="domain.verify", target_id=domain.pk).count() == 1
    assert (domain.dns_problems, domain.dns_worst) == (4, "mx.missing")
    assert domain.mx_seen_at is None


def test_that_mail_once_came_here_is_remembered_when_the_mx_is_lost(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    look(admin, domain)
    seen_at = domain.mx_seen_at
    assert seen_at is not None
    publish(name_server, domain, "mx")
    look(admin, domain)
    assert (domain.dns_worst, domain.mx_seen_at) == ("mx.missing", seen_at)
    assert list(filtered_domains(domain.tenant, part="", state="attention")) == [domain]


def test_a_check_that_ends_while_a_page_is_made_is_told_whole(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    read_before = Domain.objects.get(pk=domain.pk)
    publish(name_server, domain)
    look(admin, domain)
    report = dns_report(read_before)
    assert "ownership" in [record.code for record in report.fine]
    assert report.domain.status == DomainStatus.ACTIVE
    assert report.domain.verified_at is not None


def test_everything_published_is_everything_matched(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    check = look(admin, domain)
    assert set(verdicts(check).values()) == {Verdict.MATCH}
    assert (domain.dns_problems, domain.dns_unknown, domain.dns_worst) == (0, 0, "")
    assert check.servers == [f"ns.{domain.name}"]


def test_a_silent_server_changes_nothing_but_says_so(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    look(admin, domain)
    name_server.mood = lambda _name: Mood.REFUSED
    check = look(admin, domain)
    assert set(verdicts(check).values()) == {Verdict.UNKNOWN}
    assert domain.status == DomainStatus.ACTIVE
    assert (domain.dns_problems, domain.dns_unknown) == (0, 5)
    report = dns_report(domain)
    assert report.to_do == []
    assert {record.known for record in report.doubtful} == {Verdict.MATCH}
    assert all(record.known_at for record in report.doubtful)


def test_a_problem_stays_a_problem_while_nobody_answers(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain, "mx")
    look(admin, domain)
    name_server.mood = lambda _name: Mood.SERVFAIL
    look(admin, domain)
    assert (domain.dns_problems, domain.dns_worst) == (1, "mx.missing")


def test_a_pending_domain_is_not_proved_by_silence(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    name_server.mood = lambda _name: Mood.SERVFAIL
    look(admin, domain)
    assert domain.status == DomainStatus.PENDING
    assert domain.dns_problems == 0


def test_the_proof_may_be_removed_once_it_was_seen(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    look(admin, domain)
    publish(name_server, domain, "ownership")
    check = look(admin, domain)
    assert verdicts(check)["ownership"] == Verdict.MISSING
    assert (domain.status, domain.dns_problems) == (DomainStatus.ACTIVE, 0)
    report = dns_report(domain)
    assert report.to_do == []
    assert "ownership" in [record.code for record in report.fine]


def test_a_change_is_kept_and_confirmed_by_the_second_look(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    look(admin, domain)
    look(admin, domain)
    name_server.put(domain.name, "MX", "10 old.example.")
    changed = look(admin, domain)
    assert changed.changed
    (change,) = dns_report(domain).changes
    assert (change.record, change.before, change.after) == ("mx", Verdict.MATCH, Verdict.CONFLICT)
    assert change.confirmed_at is None
    look(admin, domain)
    (change,) = dns_report(domain).changes
    assert change.confirmed_at is not None


def test_a_moment_without_answers_is_no_change(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    look(admin, domain)
    name_server.mood = lambda _name: Mood.REFUSED
    look(admin, domain)
    assert {change.after for change in dns_report(domain).changes} == {Verdict.UNKNOWN}
    name_server.mood = lambda _name: Mood.TRUTH
    look(admin, domain)
    assert dns_report(domain).changes == ()


def test_equal_checks_do_not_pile_up(domain: Domain, admin: Actor, name_server: NameServer) -> None:
    publish(name_server, domain)
    for _ in range(5):
        look(admin, domain)
    assert DnsCheck.objects.filter(domain=domain).count() == 2


def test_old_changes_are_forgotten_but_never_the_newest(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    for number in range(KEEP_CHECKS + 4):
        name_server.put(domain.name, "MX", f"{number} mail{number}.example.")
        check = look(admin, domain)
        DnsCheck.objects.filter(pk=check.pk).update(finished_at=timezone.now() - timedelta(days=99))
    look(admin, domain)
    assert DnsCheck.objects.filter(domain=domain).count() == KEEP_CHECKS


def test_a_check_that_is_done_is_not_done_again(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    check = look(admin, domain)
    asked = len(name_server.asked)
    again = verify_dns(check_id=check.pk)
    assert again is not None
    assert again.finished_at == check.finished_at
    assert len(name_server.asked) == asked
    assert verify_dns(check_id=0) is None


def test_pressing_the_button_twice_starts_one_check(domain: Domain, admin: Actor) -> None:
    first = request_dns_check(actor=admin, domain=domain)
    assert request_dns_check(actor=admin, domain=domain).pk == first.pk


def test_a_click_while_an_older_check_runs_asks_anew(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    running = request_dns_check(actor=admin, domain=domain)
    DnsCheck.objects.filter(pk=running.pk).update(
        requested_at=timezone.now() - timedelta(seconds=5)
    )
    newer = request_dns_check(actor=admin, domain=domain)
    assert newer.pk > running.pk
    assert verify_dns(check_id=newer.pk) is not None
    assert verify_dns(check_id=running.pk) is None
    assert dns_report(domain).running is None


def test_a_click_never_rests_on_a_check_of_the_clock(domain: Domain, admin: Actor) -> None:
    # It may have asked the servers a moment before the person published.
    by_clock = open_check(domain, by_person=False)
    assert request_dns_check(actor=admin, domain=domain).pk > by_clock.pk


def test_a_click_whose_worker_died_is_found_again_by_the_clock(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    look(admin, domain)
    look(admin, domain)  # settled: the clock would come in an hour
    lost = request_dns_check(actor=admin, domain=domain)
    domain.refresh_from_db()
    assert domain.next_check_at
    assert domain.next_check_at <= timezone.now() + timedelta(seconds=30)
    assert open_check(domain, by_person=False).pk == lost.pk, "the clock wakes the same check"


@pytest.mark.parametrize("moment", [1, 2, 3, 4])
def test_a_check_that_ends_while_the_page_is_made_is_never_overlooked(
    domain: Domain, admin: Actor, name_server: NameServer, moment: int
) -> None:
    look(admin, domain)
    publish(name_server, domain)
    check = request_dns_check(actor=admin, domain=domain)
    queries = itertools.count(1)

    def end_meanwhile(execute: Callable[..., object], *args: object) -> object:
        result = execute(*args)
        if next(queries) == moment:
            verify_dns(check_id=check.pk)
        return result

    with connection.execute_wrapper(end_meanwhile):
        shown = dns_report(domain)
    assert next(queries) > moment, "the report was made while the check ended"
    is_current = shown.latest is not None and shown.latest.pk == check.pk
    assert is_current or shown.running is not None, "else nothing would update the page"


def test_a_waiting_domain_is_looked_at_soon_and_a_settled_one_hourly(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    def minutes() -> float:
        assert domain.next_check_at
        assert domain.checked_at
        return (domain.next_check_at - domain.checked_at).total_seconds() / 60

    look(admin, domain)
    assert minutes() < 1
    publish(name_server, domain)
    look(admin, domain)
    assert minutes() == 10
    look(admin, domain)
    assert minutes() == 60
    name_server.mood = lambda _name: Mood.REFUSED
    look(admin, domain)
    assert minutes() == 10


def look_at(*domains: Domain) -> int:
    """Let the clock look at these; as the longest due ones they come before the installation's own."""
    long_ago = timezone.now() - timedelta(days=9999)
    Domain.objects.filter(pk__in=[one.pk for one in domains]).update(next_check_at=long_ago)
    return check_due(batch=len(domains))


def test_due_domains_are_looked_at_once(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    look(admin, domain)
    assert look_at(domain) == 1
    domain.refresh_from_db()
    assert domain.next_check_at
    assert domain.next_check_at > timezone.now() + timedelta(minutes=9)


def test_a_due_domain_whose_check_a_person_waits_for_is_left_to_it(domain: Domain) -> None:
    assert look_at(domain) == 1  # its registration asked already
    domain.refresh_from_db()
    assert domain.next_check_at
    assert domain.next_check_at > timezone.now() + timedelta(minutes=4)
    assert DnsCheck.objects.get(domain=domain).finished_at is None


def test_the_clock_sees_what_a_click_sees(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    publish(name_server, domain)
    look(admin, domain)
    look(admin, domain)
    name_server.put(domain.name, "MX", "10 old.example.")
    for _ in range(2):
        look_at(domain)
    domain.refresh_from_db()
    assert (domain.dns_problems, domain.dns_worst) == (1, "mx.conflict")
    (change,) = dns_report(domain).changes
    assert (change.record, change.after) == ("mx", Verdict.CONFLICT)
    assert change.confirmed_at is not None


def test_looks_that_say_the_same_cost_as_much_for_many_domains_as_for_few(
    world: World, admin: Actor, name_server: NameServer
) -> None:
    def settled(number: int) -> list[Domain]:
        made = []
        for _ in range(number):
            one = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('q')}.test")
            name_server.zone(one.name)
            publish(name_server, one)
            look(admin, one)
            look(admin, one)
            look(admin, one)
            made.append(one)
        return made

    def cost(domains: list[Domain]) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert look_at(*domains) == len(domains)
        assert not DnsCheck.objects.filter(domain__in=domains, finished_at=None).exists()
        return len(seen)

    assert cost(settled(1)) == cost(settled(6))


def test_a_dead_name_server_holds_up_nobody_else(
    world: World, admin: Actor, name_server: NameServer
) -> None:
    dead: list[Domain] = []
    alive: list[Domain] = []
    with NameServer() as silent:
        silent.mood = lambda _name: Mood.SILENT
        for number in range(12):
            one = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('z')}.test")
            is_dead = number < 8
            host = silent.address if is_dead else name_server.address
            name_server.zone(one.name, (f"ns.{one.name}", host))
            publish(name_server, one)
            DnsCheck.objects.filter(domain=one).delete()
            (dead if is_dead else alive).append(one)
        look_at(*dead, *alive)
    for one in (*dead, *alive):
        one.refresh_from_db()
    assert {one.status for one in alive} == {DomainStatus.ACTIVE}
    assert {one.dns_unknown for one in dead} == {5}
    each = len(expected_records(dead[0]))
    assert len(silent.asked) < len(dead) * each + SILENCES, (
        "whoever never answers is not asked for ever"
    )


def test_the_wanted_steps_are_ranked(domain: Domain, admin: Actor, name_server: NameServer) -> None:
    publish(name_server, domain, "dmarc")
    name_server.put(domain.name, "TXT", "v=spf1 include:old.example -all")
    look(admin, domain)
    report = dns_report(domain)
    assert [(step.state, step.open_records) for step in report.steps] == [
        ("done", 0),
        ("done", 0),
        ("warning", 2),
    ]
    spf = next(record for record in report.to_do if record.code == "spf")
    assert spf.wanted.startswith("v=spf1 include:_spf.")
    assert spf.wanted.endswith("include:old.example -all")
    assert (report.receives, report.sends_well, report.open_count) == (True, False, 2)
