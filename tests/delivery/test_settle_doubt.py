"""Doubt ends only with proof, and a message in doubt is never sent twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.utils import timezone

from delivery.models import (
    LogPosition,
    Outcome,
    OutcomeState,
    QueueIdSeen,
    Submission,
    SubmissionState,
)
from delivery.services.claim import claim
from delivery.services.deliver import deliver
from delivery.services.settle_doubt import SEEN_GRACE, UNSEEN_GRACE, settle_doubt
from delivery.smtp import Reply, Verdict
from tests.delivery.mail import outgoing
from tests.delivery.test_deliver import LATER, Postfix

if TYPE_CHECKING:
    from datetime import datetime

    from tests.world import World


def known_to(moment: datetime | None) -> None:
    """Let log and queue be read up to `moment`."""
    LogPosition.objects.update_or_create(
        log="postfix", defaults={"read_to": moment, "queue_scanned_at": moment}
    )


def seen(row: Submission, *, accepted: bool) -> str:
    queue_id = uuid4().hex[:12]
    QueueIdSeen.objects.create(queue_id=queue_id, message_id=row.message_id, is_accepted=accepted)
    return queue_id


@pytest.fixture
def doubtful(world: World) -> Submission:
    outgoing(world.person(), "a@x.test")
    row = claim(among=[world.tenant.pk])
    assert row is not None
    deliver(row, hand=Postfix(Verdict.DOUBT))
    row.refresh_from_db()
    return row


def after(row: Submission, grace: timedelta) -> datetime:
    assert row.doubt_at is not None
    return row.doubt_at + grace


def test_a_queue_id_that_postfix_took_proves_it_sent(doubtful: Submission) -> None:
    queue_id = seen(doubtful, accepted=True)
    assert settle_doubt(doubtful) == SubmissionState.SENT
    doubtful.refresh_from_db()
    assert doubtful.state == SubmissionState.SENT
    assert doubtful.queue_id == queue_id
    assert doubtful.doubt_at is None
    assert Outcome.objects.get(submission=doubtful).state == OutcomeState.ACCEPTED


def test_a_log_read_past_the_grace_without_it_proves_it_not_sent(doubtful: Submission) -> None:
    known_to(after(doubtful, UNSEEN_GRACE))
    message_id = doubtful.message_id
    assert settle_doubt(doubtful) == SubmissionState.QUEUED
    doubtful.refresh_from_db()
    assert doubtful.state == SubmissionState.QUEUED
    assert doubtful.message_id == message_id
    assert doubtful.due_at <= timezone.now()


@pytest.mark.parametrize("short", [timedelta(milliseconds=1), timedelta(hours=1)])
def test_a_log_not_read_far_enough_proves_nothing(doubtful: Submission, short: timedelta) -> None:
    known_to(after(doubtful, UNSEEN_GRACE) - short)
    assert settle_doubt(doubtful) == SubmissionState.DOUBT
    doubtful.refresh_from_db()
    assert doubtful.state == SubmissionState.DOUBT
    assert doubtful.due_at > timezone.now()


def test_a_queue_that_was_not_scanned_proves_nothing(doubtful: Submission) -> None:
    known_to(after(doubtful, SEEN_GRACE))
    LogPosition.objects.filter(log="postfix").update(queue_scanned_at=None)
    assert settle_doubt(doubtful) == SubmissionState.DOUBT


def test_without_any_watermark_doubt_stays(doubtful: Submission) -> None:
    LogPosition.objects.filter(log="postfix").delete()
    assert settle_doubt(doubtful) == SubmissionState.DOUBT


def test_a_queue_id_still_being_filtered_gets_more_time(doubtful: Submission) -> None:
    seen(doubtful, accepted=False)
    known_to(after(doubtful, UNSEEN_GRACE))
    assert settle_doubt(doubtful) == SubmissionState.DOUBT
    known_to(after(doubtful, SEEN_GRACE))
    assert settle_doubt(doubtful) == SubmissionState.QUEUED


def test_the_queue_id_of_an_earlier_part_proves_nothing_about_the_rest(world: World) -> None:
    outgoing(world.person(), "yes@x.test", "wait@x.test")
    row = claim(among=[world.tenant.pk])
    assert row is not None
    deliver(row, hand=Postfix(Verdict.ACCEPTED, Reply(250, "2.0.0", "Ok"), wait=LATER))
    QueueIdSeen.objects.create(queue_id="4XyZ12abcd", message_id=row.message_id, is_accepted=True)
    Submission.objects.filter(pk=row.pk).update(due_at=timezone.now())
    again = claim(among=[world.tenant.pk])
    assert again is not None
    deliver(again, hand=Postfix(Verdict.DOUBT))
    again.refresh_from_db()
    known_to(after(again, UNSEEN_GRACE))
    assert settle_doubt(again) == SubmissionState.QUEUED


def test_whoever_was_told_to_wait_is_not_taken_for_accepted(world: World) -> None:
    outgoing(world.person(), "yes@x.test", "wait@x.test")
    row = claim(among=[world.tenant.pk])
    assert row is not None
    deliver(row, hand=Postfix(Verdict.DOUBT, wait=LATER))
    row.refresh_from_db()
    seen(row, accepted=True)
    assert settle_doubt(row) == SubmissionState.QUEUED
    states = dict(Outcome.objects.filter(submission=row).values_list("recipient", "state"))
    assert states == {"yes@x.test": OutcomeState.ACCEPTED, "wait@x.test": OutcomeState.PENDING}


def test_settling_what_somebody_else_settled_changes_nothing(doubtful: Submission) -> None:
    seen(doubtful, accepted=True)
    Submission.objects.filter(pk=doubtful.pk).update(state=SubmissionState.QUEUED, doubt_at=None)
    settle_doubt(doubtful)
    doubtful.refresh_from_db()
    assert doubtful.state == SubmissionState.QUEUED
