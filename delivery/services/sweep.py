"""Finds what lost nudges and dead workers left behind; any number may run at once."""

from __future__ import annotations

import logging

from django.utils import timezone

from delivery.models import Submission, SubmissionState
from delivery.services.settle_doubt import settle_doubt
from delivery.states import WAITING
from portal.nudge import after_commit

logger = logging.getLogger(__name__)

MOST_NUDGES = 4  # each of them works on until nothing is due
MOST_DOUBTS = 100


def sweep() -> None:
    """Turn expired leases into doubt, settle doubts, wake deliverers for what is due."""
    now = timezone.now()
    lost = Submission.objects.filter(state=SubmissionState.SENDING, lease_until__lt=now).update(
        state=SubmissionState.DOUBT, lease_until=None, doubt_at=now, due_at=now
    )
    if lost:
        logger.warning("leases expired", extra={"count": lost})
    for submission in Submission.objects.filter(
        state=SubmissionState.DOUBT, due_at__lte=now
    ).order_by("due_at")[:MOST_DOUBTS]:
        settle_doubt(submission)
    due = Submission.objects.filter(state__in=WAITING, due_at__lte=now)[:MOST_NUDGES]
    for _ in due.values_list("id"):
        after_commit("delivery.deliver")
