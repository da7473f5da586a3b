"""Forgets queue ids whose messages are long settled."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from delivery.models import QueueIdSeen

_KEPT = timedelta(days=14)  # Postfix itself gives up after five


def forget_queue_ids() -> int:
    """Delete rows older than a fortnight; returns how many."""
    deleted, _ = QueueIdSeen.objects.filter(seen_at__lt=timezone.now() - _KEPT).delete()
    return deleted
