"""Reads the facts that operators watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Min
from django.utils import timezone

from accounts.models import AccessChange
from delivery.models import LogPosition, Submission, SubmissionState
from delivery.replies import OVER_LIMIT
from domains.models import MailHomeChange

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """Counts and ages at one moment. Ages are seconds; None: never happened or nothing waits."""

    submissions: Mapping[str, int]  # state → count, every state named
    oldest_queued_age_seconds: float | None  # but of those a plan's limit holds back
    open_access_changes: int
    oldest_access_change_age_seconds: float | None
    open_home_changes: int
    log_lag_seconds: float | None  # since the end of Postfix's log was last reached
    queue_scan_age_seconds: float | None


def facts() -> Facts:
    """Return what /metrics shows. Five queries."""
    now = timezone.now()
    counts = dict(Submission.objects.values_list("state").annotate(count=Count("id")).order_by())
    waiting = (
        Submission.objects.filter(state=SubmissionState.QUEUED)
        .exclude(reply_text__in=OVER_LIMIT, due_at__gt=now)  # as the plan wants it
        .aggregate(oldest=Min("created_at"))
    )
    access = AccessChange.objects.filter(done_at=None).aggregate(
        count=Count("id"), oldest=Min("created_at")
    )
    position = LogPosition.objects.filter(log="postfix").first()
    return Facts(
        submissions={state.value: counts.get(state.value, 0) for state in SubmissionState},
        oldest_queued_age_seconds=_age(waiting["oldest"], now),
        open_access_changes=access["count"],
        oldest_access_change_age_seconds=_age(access["oldest"], now),
        open_home_changes=MailHomeChange.objects.filter(done_at=None).count(),
        log_lag_seconds=_age(position.read_to if position else None, now),
        queue_scan_age_seconds=_age(position.queue_scanned_at if position else None, now),
    )


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (now - moment).total_seconds())
