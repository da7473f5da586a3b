"""Forgets old jobs: those over after 90 days, those nobody ever started after a week."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from domains.models import OVER, Job, JobState

KEPT = timedelta(days=90)
WAITING = timedelta(days=7)
LINKS = timedelta(days=7)  # the longest life of a link a job makes


def purge_jobs() -> int:
    """Delete them with their rows and files; return how many."""
    now = timezone.now()
    Job.objects.filter(state__in=OVER, ended_at__lt=now - LINKS).exclude(secret=b"").update(
        secret=b""
    )
    old = Job.objects.filter(state__in=OVER, ended_at__lt=now - KEPT)
    waiting = Job.objects.filter(
        state__in=(JobState.DRAFT, JobState.READY), created_at__lt=now - WAITING
    )
    count = old.count() + waiting.count()
    old.delete()
    waiting.delete()
    return count
