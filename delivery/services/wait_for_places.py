"""Puts off what a plan's limit holds back, to the start of the window with room again."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from delivery.limits import blocking, reason
from delivery.models import Submission, SubmissionState
from delivery.selectors import sending_windows
from delivery.states import WAITING

logger = logging.getLogger(__name__)

AT_ONCE = 5000


@transaction.atomic
def wait_for_places(*, tenant_id: int) -> int:
    """Put off everything due in a tenant without a single place left; return how many rows.

    No try is used up and nobody is asked: the next window finds them in their order. Mail of the
    system is never held back. One query where no limit is reached.
    """
    window = blocking(sending_windows(tenant_id), 1)
    if window is None:
        return 0
    rows = (
        Submission.objects.select_for_update(skip_locked=True)
        .filter(
            tenant=tenant_id,
            mailbox__isnull=False,
            state__in=WAITING,
            due_at__lte=timezone.now(),
        )
        .order_by("due_at", "id")
    )
    keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    Submission.objects.filter(pk__in=keys).update(
        state=SubmissionState.QUEUED,
        due_at=window.ends_at,
        reply_code=None,
        reply_text=reason(window),
    )
    if keys:
        logger.info("sending limit reached", extra={"tenant": tenant_id, "waiting": len(keys)})
    return len(keys)
