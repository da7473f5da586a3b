"""Lets a waiting message go at once: a schedule cut short, or a try brought forward."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from delivery.errors import NotWaiting
from delivery.models import Submission, SubmissionState
from delivery.states import WAITING
from portal.nudge import after_commit


@transaction.atomic
def retry_now(submission: Submission) -> None:
    """Make the row due now. Raises NotWaiting when it is on its way, gone or ended."""
    now = timezone.now()
    waiting = Submission.objects.filter(pk=submission.pk, state__in=WAITING)
    if not waiting.update(state=SubmissionState.QUEUED, due_at=now):
        raise NotWaiting(detail=f"submission {submission.pk}")
    after_commit("delivery.deliver")
