"""Notes that the sender has seen a failure and wants nothing more of it."""

from __future__ import annotations

from django.utils import timezone

from delivery.models import Submission
from delivery.states import OPEN


def dismiss(submission: Submission) -> None:
    """Take an ended submission off the sender's list; one still under way stays there."""
    Submission.objects.filter(pk=submission.pk, dismissed_at__isnull=True).exclude(
        state__in=OPEN
    ).update(dismissed_at=timezone.now())
