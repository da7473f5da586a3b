"""Admins see where mail stands, never what is in it, and may stop or hasten it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import AuditEvent, Role
from delivery.attention import overview
from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from delivery.selectors import backlog_of, open_count, outgoing_of
from delivery.words import standing
from tests.delivery.mail import outgoing

if TYPE_CHECKING:
    from django.test.utils import CaptureQueriesContext
    from pytest_django.fixtures import DjangoAssertNumQueries

    from tests.world import Person, World


def client_of(person: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person.user)
    return client


def waiting(person: Person, **changes: object) -> Submission:
    return outgoing(person, due_at=timezone.now() + timedelta(hours=1), **changes)


def test_the_list_tells_state_and_servers_words_but_no_subject(world: World) -> None:
    person = world.person()
    admin = world.admin_of(world.tenant, Role.COMPANY_ADMIN)
    row = outgoing(person, "no@x.test", subject="Lương tháng 11")
    Submission.objects.filter(pk=row.pk).update(state=SubmissionState.SENT)
    Outcome.objects.filter(submission=row).update(
        state=OutcomeState.REFUSED, reply_code=550, enhanced_code="5.1.1", reply_text="unknown <b>"
    )
    page = client_of(admin).get(reverse("delivery:outgoing-list", args=[world.tenant.pk]))
    text = page.content.decode()
    assert page.status_code == 200
    assert "This address does not exist there." in text
    assert "550 5.1.1 unknown &lt;b&gt;" in text
    assert "Lương" not in text
    assert "hello" not in text


def test_the_list_costs_the_same_for_ten_times_as_many(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    person = world.person()
    client = client_of(world.admin_of(world.tenant, Role.COMPANY_ADMIN))
    url = reverse("delivery:outgoing-list", args=[world.tenant.pk])
    counts = []
    for more in (3, 30):
        for _ in range(more):
            outgoing(person, "a@x.test", "b@x.test")
        with django_assert_max_num_queries(12) as captured:
            client.get(url)
        counts.append(number_of(captured))
    assert counts[0] == counts[1]


def number_of(captured: CaptureQueriesContext) -> int:
    return len(captured.captured_queries)


def test_an_admin_stops_a_waiting_message_and_the_audit_log_names_him(world: World) -> None:
    admin = world.admin_of(world.tenant, Role.COMPANY_ADMIN)
    row = waiting(world.person())
    url = reverse("delivery:outgoing-cancel", args=[world.tenant.pk, row.pk])
    assert client_of(admin).post(url).status_code == 302
    row.refresh_from_db()
    assert row.state == SubmissionState.CANCELLED
    event = AuditEvent.objects.get(tenant_id=world.tenant.pk, action="outgoing.cancel")
    assert event.actor_id == admin.user.pk
    assert client_of(admin).post(url).status_code == 409


def test_an_admin_brings_a_try_forward(world: World) -> None:
    admin = world.admin_of(world.tenant, Role.COMPANY_ADMIN)
    row = waiting(world.person())
    url = reverse("delivery:outgoing-retry", args=[world.tenant.pk, row.pk])
    client_of(admin).post(url)
    row.refresh_from_db()
    assert row.due_at <= timezone.now()
    assert AuditEvent.objects.filter(action="outgoing.retry", target_id=row.pk).exists()


def test_mail_of_another_company_does_not_exist(world: World) -> None:
    from tests.world import make_world

    other = make_world()
    row = waiting(other.person())
    admin = world.admin_of(world.tenant, Role.COMPANY_ADMIN)
    url = reverse("delivery:outgoing-cancel", args=[world.tenant.pk, row.pk])
    assert client_of(admin).post(url).status_code == 404


@pytest.mark.parametrize("show", ["", "waiting", "refused"])
def test_an_empty_list_says_what_belongs_there(world: World, show: str) -> None:
    admin = world.admin_of(world.tenant, Role.COMPANY_ADMIN)
    url = reverse("delivery:outgoing-list", args=[world.tenant.pk])
    assert b"empty" in client_of(admin).get(f"{url}?show={show}").content


def test_mail_that_does_not_leave_asks_for_attention(world: World) -> None:
    person = world.person()
    admin = Actor.system(world.tenant)
    assert overview(world.tenant, admin).rows == []
    row = outgoing(person)
    Submission.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(hours=3))
    failed = outgoing(person)
    Submission.objects.filter(pk=failed.pk).update(state=SubmissionState.FAILED)
    found = overview(world.tenant, admin).rows
    assert [one.severity for one in found] == ["danger", "warning"]
    assert "3" in found[0].text
    backlog = backlog_of(world.tenant)
    assert (backlog.waiting, backlog.failed) == (1, 1)
    assert overview(world.tenant, admin).figures[0].value == "0"


def test_what_needs_a_decision_comes_first(world: World) -> None:
    person = world.person()
    held = waiting(person)
    failed = outgoing(person)
    Submission.objects.filter(pk=failed.pk).update(state=SubmissionState.FAILED)
    sent = outgoing(person)
    Submission.objects.filter(pk=sent.pk).update(state=SubmissionState.SENT)
    Outcome.objects.filter(submission=sent).update(state=OutcomeState.DELIVERED, tls=True)
    deferred = outgoing(person)
    Submission.objects.filter(pk=deferred.pk).update(state=SubmissionState.SENT)
    Outcome.objects.filter(submission=deferred).update(state=OutcomeState.DEFERRED)
    found = outgoing_of(person.box.pk)
    assert [row.pk for row in found.to_decide] == [failed.pk]
    assert [row.pk for row in found.waiting] == [deferred.pk, held.pk]
    assert [row.pk for row in found.done] == [sent.pk]
    assert open_count(person.box.pk) == 2


def test_the_outbox_costs_two_queries(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    person = world.person()
    for _ in range(20):
        outgoing(person, "a@x.test", "b@x.test")
    with django_assert_num_queries(2):
        found = outgoing_of(person.box.pk)
        for row in found.waiting:
            standing(row)


@pytest.mark.parametrize("state", SubmissionState.values)
@pytest.mark.parametrize("outcome", OutcomeState.values)
@pytest.mark.parametrize("attempts", [0, 3])
def test_every_state_is_said_in_words(
    world: World, state: str, outcome: str, attempts: int
) -> None:
    row = outgoing(world.person(), "a@x.test", "b@x.test")
    lease = timezone.now() if state == SubmissionState.SENDING else None
    Submission.objects.filter(pk=row.pk).update(state=state, attempts=attempts, lease_until=lease)
    Outcome.objects.filter(submission=row, recipient="a@x.test").update(state=outcome)
    row.refresh_from_db()
    told = standing(row)
    assert told.label
    assert told.tone
    assert all(line.words for line in told.recipients)
