"""Looks into Postfix's queue, so that doubt about a submission ends even when log lines were lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from delivery.models import LogPosition, QueueIdSeen, Submission, SubmissionState
from delivery.services.record_outcome import record_queue_ids
from mailserver import postqueue
from mailserver.errors import DaemonFailed
from mailserver.services.tail_log import POSTFIX

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_REMEMBERED = 100_000


class QueueScanner:
    """Scans on demand; a queue file is opened at most once, and only while something is in doubt."""

    def __init__(self) -> None:
        self._opened: set[str] = set()

    def scan(self) -> int:
        """Mark every complete queue file as accepted, move `queue_scanned_at`; returns their number.

        Raises DaemonFailed when the queue cannot be read: the watermark then stays.
        """
        started_at = timezone.now()
        complete = postqueue.complete_queue_ids()
        pairs = self._pairs(complete) if self._is_doubt() else {}
        record_queue_ids(pairs=pairs, accepted=complete)
        LogPosition.objects.update_or_create(log=POSTFIX, defaults={"queue_scanned_at": started_at})
        return len(complete)

    def _is_doubt(self) -> bool:
        return Submission.objects.filter(state=SubmissionState.DOUBT).exists()

    def _pairs(self, complete: AbstractSet[str]) -> dict[str, str]:
        """Read the Message-ID of files whose queue id the log has not named."""
        known = set(
            QueueIdSeen.objects.filter(queue_id__in=complete).values_list("queue_id", flat=True)
        )
        if len(self._opened) > _REMEMBERED:
            self._opened.clear()
        pairs = {}
        for queue_id in complete - known - self._opened:
            try:
                pairs[queue_id] = postqueue.message_id_of(queue_id)
            except DaemonFailed:  # delivered and removed meanwhile: the log tells
                continue
            self._opened.add(queue_id)
        return {queue_id: message_id for queue_id, message_id in pairs.items() if message_id}
