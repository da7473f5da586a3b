"""Takes a letter back while it is held, so that it can be written on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from delivery.services.cancel import cancel
from webmail.models import SentCopy

if TYPE_CHECKING:
    from delivery.models import Submission


@transaction.atomic
def undo_send(submission: Submission) -> None:
    """Cancel the submission and let the draft come back. Raises TooLate once it is on its way."""
    cancel(submission)
    SentCopy.objects.filter(submission=submission).update(due_at=timezone.now())
