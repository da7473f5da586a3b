"""A message is taken back while it waits, never once it is on its way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from delivery.errors import NotWaiting, TooLate
from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from delivery.services.cancel import cancel
from delivery.services.claim import claim
from delivery.services.deliver import deliver
from delivery.services.retry_now import retry_now
from delivery.smtp import Verdict
from tests.delivery.mail import AFTER_FAR_DAY, FAR_DAY, outgoing
from tests.delivery.test_deliver import LATER, QUEUED, Postfix

if TYPE_CHECKING:
    from tests.world import World


def test_undo_takes_a_held_message_back(world: World) -> None:
    row = outgoing(world.person(), due_at=timezone.now() + timedelta(seconds=10))
    cancel(row)
    row.refresh_from_db()
    assert row.state == SubmissionState.CANCELLED
    assert claim(among=[world.tenant.pk]) is None


@pytest.mark.parametrize(
    "state",
    [
        SubmissionState.SENT,
        SubmissionState.DOUBT,
        SubmissionState.FAILED,
        SubmissionState.CANCELLED,
    ],
)
def test_what_is_gone_cannot_be_taken_back(world: World, state: str) -> None:
    row = outgoing(world.person())
    Submission.objects.filter(pk=row.pk).update(state=state)
    with pytest.raises(TooLate):
        cancel(row)


def test_what_is_being_sent_cannot_be_taken_back(world: World) -> None:
    row = outgoing(world.person())
    claim(among=[world.tenant.pk])
    with pytest.raises(TooLate):
        cancel(row)


def test_of_a_message_partly_out_only_the_rest_is_taken_back(world: World) -> None:
    outgoing(world.person(), "yes@x.test", "wait@x.test")
    row = claim(among=[world.tenant.pk])
    assert row is not None
    deliver(row, hand=Postfix(Verdict.ACCEPTED, QUEUED, wait=LATER))
    cancel(row)
    row.refresh_from_db()
    assert row.state == SubmissionState.SENT
    states = dict(Outcome.objects.filter(submission=row).values_list("recipient", "state"))
    assert states == {"yes@x.test": OutcomeState.ACCEPTED, "wait@x.test": OutcomeState.REFUSED}


def test_trying_now_brings_the_next_try_forward(world: World) -> None:
    row = outgoing(world.person(), due_at=timezone.now() + timedelta(hours=3))
    retry_now(row)
    claimed = claim(among=[world.tenant.pk])
    assert claimed is not None
    assert claimed.pk == row.pk
    with pytest.raises(NotWaiting):
        retry_now(row)


def test_undo_against_send_has_one_winner(live: World) -> None:
    person = live.person()
    rows = [outgoing(person, due_at=FAR_DAY) for _ in range(30)]

    def undo(row: Submission) -> int | None:
        try:
            cancel(row)
        except TooLate:
            return None
        finally:
            connections.close_all()
        return row.pk

    def send(_: Submission) -> int | None:
        try:
            claimed = claim(among=[live.tenant.pk])
            return claimed.pk if claimed else None
        finally:
            connections.close_all()

    with time_machine.travel(AFTER_FAR_DAY), ThreadPoolExecutor(8) as pool:
        taken = pool.map(send, rows)
        undone = {pk for pk in pool.map(undo, reversed(rows)) if pk}
        sent = {pk for pk in taken if pk}
    assert not undone & sent
    states = dict(Submission.objects.filter(pk__in=[r.pk for r in rows]).values_list("pk", "state"))
    assert all(states[pk] == SubmissionState.CANCELLED for pk in undone)
    assert all(states[pk] == SubmissionState.SENDING for pk in sent)
    Submission.objects.filter(pk__in=states).delete()
