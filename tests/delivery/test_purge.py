"""The outbox forgets what nobody needs, and nothing that still waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.utils import timezone

from delivery.models import Submission, SubmissionBody, SubmissionState
from delivery.services.purge import BODY_KEPT, FAILED_BODY_KEPT, ROW_KEPT, purge
from tests.delivery.mail import outgoing

if TYPE_CHECKING:
    from tests.world import World


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        (SubmissionState.SENT, BODY_KEPT),
        (SubmissionState.FAILED, FAILED_BODY_KEPT),
        (SubmissionState.CANCELLED, FAILED_BODY_KEPT),
    ],
)
def test_bodies_go_after_their_time(world: World, state: str, kept: timedelta) -> None:
    row = outgoing(world.person())
    Submission.objects.filter(pk=row.pk).update(state=state, sent_at=timezone.now())
    for after, there in ((kept - timedelta(hours=1), True), (kept + timedelta(hours=1), False)):
        with time_machine.travel(timezone.now() + after):
            purge()
        assert SubmissionBody.objects.filter(submission=row).exists() is there
    assert Submission.objects.filter(pk=row.pk).exists()


def test_rows_go_in_the_end_but_never_one_that_waits(world: World) -> None:
    person = world.person()
    waits, ended = outgoing(person), outgoing(person)
    Submission.objects.filter(pk=ended.pk).update(state=SubmissionState.CANCELLED)
    with time_machine.travel(timezone.now() + ROW_KEPT + timedelta(days=1)):
        purge()
    assert Submission.objects.filter(pk=waits.pk).exists()
    assert SubmissionBody.objects.filter(submission=waits).exists()
    assert not Submission.objects.filter(pk=ended.pk).exists()
