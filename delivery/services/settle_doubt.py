"""Finds out whether Postfix has a message whose connection was cut after the final dot."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Least
from django.utils import timezone

from delivery.models import (
    LogPosition,
    Outcome,
    OutcomeState,
    QueueIdSeen,
    Submission,
    SubmissionState,
)
from portal.nudge import after_commit

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

UNSEEN_GRACE = timedelta(seconds=10)  # cleanup logs the Message-ID while the headers arrive
# A queue id that was given but not taken by qmgr: a filter may still be reading the message.
SEEN_GRACE = timedelta(seconds=330)
LOOK_AGAIN = timedelta(seconds=1)


def settle_doubt(submission: Submission) -> SubmissionState:
    """Return `sent` when log or queue prove that Postfix has it, `queued` when they prove it has not.

    `doubt` stays as long as neither is proved, above all while the log was not read far enough:
    a blind repeat could arrive twice. Queued again, the message keeps its Message-ID.
    """
    # The watermark is read first: what was written before it is then certainly visible.
    read_to = _watermark()
    seen = list(
        QueueIdSeen.objects.filter(message_id=submission.message_id)
        .exclude(queue_id=submission.queue_id)  # of an earlier try, for other recipients
        .order_by("-id")
    )
    accepted = [row for row in seen if row.is_accepted]
    if accepted:
        return _mark_accepted(submission, accepted[0].queue_id)
    grace = SEEN_GRACE if seen else UNSEEN_GRACE
    since = submission.doubt_at or submission.created_at
    if read_to is not None and read_to >= since + grace:
        _queue_again(submission)
        return SubmissionState.QUEUED
    _in_doubt(submission).update(due_at=timezone.now() + LOOK_AGAIN)
    return SubmissionState.DOUBT


def _watermark() -> datetime | None:
    """The moment up to which both log and queue are known; None while one of them is not."""
    return (
        LogPosition.objects.filter(
            log="postfix", read_to__isnull=False, queue_scanned_at__isnull=False
        )
        .annotate(known_to=Least("read_to", "queue_scanned_at"))
        .values_list("known_to", flat=True)
        .first()
    )


def _in_doubt(submission: Submission) -> QuerySet[Submission]:
    return Submission.objects.filter(
        pk=submission.pk, attempts=submission.attempts, state=SubmissionState.DOUBT
    )


@transaction.atomic
def _mark_accepted(submission: Submission, queue_id: str) -> SubmissionState:
    """Write that Postfix has it; recipients it told to come back later are queued again."""
    now = timezone.now()
    if not _in_doubt(submission).select_for_update().exists():
        return SubmissionState.DOUBT
    pending = Outcome.objects.filter(submission=submission, state=OutcomeState.PENDING)
    pending.filter(reply_code__isnull=True).update(state=OutcomeState.ACCEPTED, updated_at=now)
    if pending.exists():
        _queue_again(submission, queue_id=queue_id)
        return SubmissionState.QUEUED
    _in_doubt(submission).update(
        state=SubmissionState.SENT, sent_at=now, queue_id=queue_id, doubt_at=None
    )
    logger.info("doubt settled", extra={"submission": submission.pk, "as": "sent"})
    return SubmissionState.SENT


def _queue_again(submission: Submission, **more: str) -> None:
    _in_doubt(submission).update(
        state=SubmissionState.QUEUED, due_at=timezone.now(), doubt_at=None, **more
    )
    logger.info("doubt settled", extra={"submission": submission.pk, "as": "queued"})
    after_commit("delivery.deliver")
