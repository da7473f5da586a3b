"""Takes a message back while it still waits: undo, schedule, or a try that failed."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from delivery.errors import TooLate
from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from delivery.replies import Reason
from delivery.states import WAITING


@transaction.atomic
def cancel(submission: Submission) -> None:
    """End the row as `cancelled`. Raises TooLate when it is on its way or gone.

    Once a part of the recipients has it, only the rest is taken back: the row ends as `sent`.
    """
    rows = Submission.objects.filter(pk=submission.pk, state__in=WAITING)
    if not rows.select_for_update().exists():
        raise TooLate(detail=f"submission {submission.pk}")
    now = timezone.now()
    outcomes = Outcome.objects.filter(submission=submission)
    if outcomes.exclude(state__in=(OutcomeState.PENDING, OutcomeState.REFUSED)).exists():
        outcomes.filter(state=OutcomeState.PENDING).update(
            state=OutcomeState.REFUSED, reply_text=str(Reason.CANCELLED), updated_at=now
        )
        rows.update(state=SubmissionState.SENT, sent_at=now)
        return
    rows.update(state=SubmissionState.CANCELLED)
