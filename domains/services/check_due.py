"""Finds the domains whose DNS is due for a look and hands each to a worker."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from domains.models import Domain
from domains.services.request_dns_check import open_check

BATCH = 200
LEASE = timedelta(minutes=5)  # a lost nudge or worker costs this long


def check_due(*, batch: int = BATCH) -> int:
    """Claim due domains and open a check for each; return how many. Any number may run at once."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            Domain.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(next_check_at__lte=now)
            .order_by("next_check_at")[:batch]
        )
        Domain.objects.filter(pk__in=[domain.pk for domain in due]).update(
            next_check_at=now + LEASE
        )
        for domain in due:
            open_check(domain, by_person=False)
    return len(due)
