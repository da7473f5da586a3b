"""Forgets what the outbox no longer needs."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import TenantStatus
from delivery.models import QueueIdSeen, SendingCount, Submission, SubmissionBody, SubmissionState
from delivery.states import OPEN

BODY_KEPT = timedelta(days=7)  # Postfix tries for five days; the sender's own copy is in Sent
FAILED_BODY_KEPT = timedelta(days=30)  # "edit and send again"
ROW_KEPT = timedelta(days=90)
COUNT_KEPT = timedelta(days=2)  # a day's window, in any zone
AT_ONCE = 500


@transaction.atomic
def purge() -> int:
    """Remove old bodies, then old rows and those of purged tenants, at most AT_ONCE of each; return how many went."""
    with connection.cursor() as cursor:  # two at once would wait for each other's rows
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('delivery.purge'))")
    now = timezone.now()
    sent = SubmissionBody.objects.filter(
        submission__state=SubmissionState.SENT, submission__sent_at__lt=now - BODY_KEPT
    )
    ended = SubmissionBody.objects.filter(
        submission__state__in=(SubmissionState.FAILED, SubmissionState.CANCELLED),
        submission__created_at__lt=now - FAILED_BODY_KEPT,
    )
    rows = Submission.objects.filter(created_at__lt=now - ROW_KEPT).exclude(state__in=OPEN)
    purged = Submission.objects.filter(tenant__status=TenantStatus.PURGED)
    seen = QueueIdSeen.objects.filter(seen_at__lt=now - ROW_KEPT)
    counts = SendingCount.objects.filter(starts_at__lt=now - COUNT_KEPT)
    gone = 0
    for old in (sent, ended, rows, purged, seen, counts):
        keys = list(old.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        gone += old.model._default_manager.filter(pk__in=keys).delete()[0] if keys else 0  # noqa: SLF001  # the public name differs per model
    return gone
