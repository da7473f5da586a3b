"""Moves Postfix's log into rows: the rows and the place in the file in one transaction."""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from delivery.models import LogPosition, OutcomeState
from delivery.services.record_outcome import (
    DeliveryReport,
    record_expiries,
    record_outcomes,
    record_queue_ids,
)
from domains.services.note_sign_ins import note_sign_ins
from mailserver.logs.follow import Follower, Position
from mailserver.logs.story import PostfixReader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from mailserver.logs.follow import Chunk
    from mailserver.logs.story import Story, Told

logger = logging.getLogger(__name__)

POSTFIX = "postfix"
_STATES = {
    "sent": OutcomeState.DELIVERED,
    "deferred": OutcomeState.DEFERRED,
    "bounced": OutcomeState.REFUSED,
}
_WATERMARK_SECONDS = 1.0  # how often the watermark of an idle log moves


class PostfixTailer:
    """Reads one log. Killed at any point, nothing is stored twice and nothing is left out."""

    def __init__(self, path: Path, *, log: str = POSTFIX) -> None:
        self._log = log  # name of the LogPosition row
        self._follower = Follower(path)
        self._reader = PostfixReader()
        self._position: Position | None = None  # as committed; None: not known yet
        self._marked_at = float("-inf")

    def step(self) -> bool:
        """Store the next stretch; True when there may be more at once.

        `read_to` moves only when the end was reached: every line written before it was seen.
        """
        if self._position is not None and self._is_idle(self._position):
            return False
        started_at = timezone.now()
        with transaction.atomic():
            LogPosition.objects.get_or_create(log=self._log)
            row = LogPosition.objects.select_for_update().get(log=self._log)
            before = Position(row.inode, row.offset)
            chunk = self._follower.read(before)
            if chunk.is_gap:
                logger.error("log file vanished before it was read", extra={"inode": row.inode})
            if chunk.lines:
                _store(self._reader.read(chunk.lines, now=timezone.localtime()))
            _move(row, chunk, started_at)
        self._position = chunk.position
        self._marked_at = monotonic() if chunk.is_end else float("-inf")
        return chunk.position != before

    def _is_idle(self, position: Position) -> bool:
        """Whether the file says nothing new and the watermark is fresh: the database is left alone."""
        chunk = self._follower.read(position)
        is_same = not chunk.lines and chunk.position == position
        return is_same and monotonic() - self._marked_at < _WATERMARK_SECONDS


def _move(row: LogPosition, chunk: Chunk, started_at: datetime) -> None:
    fields = []
    if (row.inode, row.offset) != (chunk.position.inode, chunk.position.offset):
        row.inode, row.offset = chunk.position.inode, chunk.position.offset
        fields = ["inode", "offset"]
    if chunk.is_end:
        row.read_to = started_at
        fields.append("read_to")
    if fields:
        row.save(update_fields=fields)


def _store(story: Story) -> None:
    record_queue_ids(pairs=story.message_ids, accepted=story.accepted)
    record_outcomes(reports=list(_reports(story.outcomes)))
    record_expiries(queue_ids=dict(story.expired))
    note_sign_ins(service="smtp", moments=story.sign_ins)
    if story.unread_count:
        logger.warning("log lines not understood", extra={"count": story.unread_count})


def _reports(outcomes: Iterable[Told]) -> Iterable[DeliveryReport]:
    for told in outcomes:
        status = told.status
        yield DeliveryReport(
            queue_id=status.queue_id,
            recipient=status.recipient,
            original_recipient=status.original_recipient,
            state=_STATES[status.status],
            at=told.at,
            reply_code=status.reply.code,
            enhanced_code=status.reply.enhanced,
            reply_text=status.reply.text,
            relay=status.relay[:320],
            tls=told.tls,
        )
