"""A message is taken once per click, whole, and only if it is well formed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.utils import timezone

from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from tests.delivery.mail import FAR_DAY, outgoing

if TYPE_CHECKING:
    from tests.world import World


def test_a_submission_keeps_mime_and_one_row_per_recipient(world: World) -> None:
    person = world.person()
    row = outgoing(person, "a@x.test", "b@x.test", "a@x.test")
    assert row.state == SubmissionState.QUEUED
    assert bytes(row.body.mime).endswith(b"hello\r\n")
    assert row.size_bytes == len(bytes(row.body.mime))
    outcomes = Outcome.objects.filter(submission=row).order_by("id")
    assert [o.recipient for o in outcomes] == ["a@x.test", "b@x.test"]
    assert {o.state for o in outcomes} == {OutcomeState.PENDING}


def test_a_second_click_finds_the_first_row_unchanged(world: World) -> None:
    person, compose_id = world.person(), uuid4()
    first = outgoing(person, "a@x.test", compose_id=compose_id)
    second = outgoing(person, "changed@x.test", compose_id=compose_id, subject="changed")
    assert second.pk == first.pk
    assert second.subject == "x"
    assert Outcome.objects.get(submission=first).recipient == "a@x.test"


def test_twenty_clicks_at_once_make_one_row(live: World) -> None:
    person, compose_id = live.person(), uuid4()

    def click(_: int) -> int:
        try:
            with transaction.atomic():
                return outgoing(person, compose_id=compose_id, due_at=FAR_DAY).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        found = set(pool.map(click, range(20)))
    assert len(found) == 1
    assert Submission.objects.filter(compose_id=compose_id).count() == 1
    assert Outcome.objects.filter(submission_id=found.pop()).count() == 1
    Submission.objects.filter(compose_id=compose_id).delete()


def test_the_same_compose_id_of_two_mailboxes_is_two_messages(world: World) -> None:
    compose_id = uuid4()
    first = outgoing(world.person(), compose_id=compose_id)
    second = outgoing(world.person(), compose_id=compose_id, message_id=f"<{uuid4()}@y.test>")
    assert first.pk != second.pk


def test_a_due_time_in_the_future_holds_it(world: World) -> None:
    later = timezone.now() + timedelta(seconds=10)
    row = outgoing(world.person(), due_at=later)
    assert row.state == SubmissionState.HELD
    assert row.due_at == later


@pytest.mark.parametrize(
    "mime",
    [
        b"Subject: x\n\nbare\n",
        b"Subject: x\r\n\r\na\rb\r\n",
        b"Subject: x\r\n\r\n\n.\r\nMAIL FROM:<x@y>\r\n",
        b"Subject: x\r\n\r\nnul \0\r\n",
    ],
)
def test_stray_line_ends_and_nul_never_get_in(world: World, mime: bytes) -> None:
    with pytest.raises(ValueError, match="stray"):
        outgoing(world.person(), mime=mime)


@pytest.mark.parametrize(
    "address",
    ["a b@x.test", "a@x.test>", "a@x.test\r\nRCPT TO:<b@x.test", "é@x.test", "@x.test", "a", ""],
)
def test_what_is_no_address_never_gets_in(world: World, address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        outgoing(world.person(), address)


def test_without_recipients_there_is_nothing_to_send(world: World) -> None:
    with pytest.raises(ValueError, match="no recipient"):
        outgoing(world.person(), recipients=())
