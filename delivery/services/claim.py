"""Claims the next due submission for one worker."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from delivery.models import Submission, SubmissionState
from delivery.services.wait_for_places import wait_for_places
from delivery.smtp import LEASE_SECONDS
from delivery.states import WAITING

if TYPE_CHECKING:
    from collections.abc import Collection

# Walks the index from tenant to tenant: its cost is the number of tenants with due mail, not of mails.
_TENANTS = """
WITH RECURSIVE due AS (
  (SELECT tenant_id FROM delivery_submission
   WHERE state IN ('held', 'queued') AND due_at <= %(now)s ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT tenant_id FROM delivery_submission
          WHERE state IN ('held', 'queued') AND due_at <= %(now)s AND tenant_id > due.tenant_id
          ORDER BY tenant_id LIMIT 1)
  FROM due WHERE due.tenant_id IS NOT NULL
)
SELECT tenant_id FROM due WHERE tenant_id IS NOT NULL
"""


def claim(*, among: Collection[int] | None = None) -> Submission | None:
    """Take one due submission, oldest of a tenant drawn by lot; None when nothing is due.

    The row comes back as `sending` with a lease and one attempt more, already committed: the
    SMTP dialogue runs outside any transaction. `among` limits the draw to some tenants. What the
    plan of a tenant holds back is put off on the way.
    """
    tenants = _tenants_with_due_mail()
    if among is not None:
        tenants = [tenant_id for tenant_id in tenants if tenant_id in among]
    random.shuffle(tenants)  # each tenant gets its turn, however much one of them sends
    for tenant_id in tenants:
        wait_for_places(tenant_id=tenant_id)
        if (taken := _take(tenant_id)) is not None:
            return taken
    return None


def _tenants_with_due_mail() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_TENANTS, {"now": timezone.now()})
        return [row[0] for row in cursor.fetchall()]


def _take(tenant_id: int) -> Submission | None:
    now = timezone.now()
    with transaction.atomic():
        row = (
            Submission.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state__in=WAITING, due_at__lte=now, tenant=tenant_id)
            .order_by("due_at", "id")
            .first()
        )
        if row is None:
            return None
        Submission.objects.filter(pk=row.pk).update(
            state=SubmissionState.SENDING,
            lease_until=now + timedelta(seconds=LEASE_SECONDS),
            attempts=F("attempts") + 1,
        )
    return Submission.objects.select_related(
        "mailbox__address__domain", "mailbox__tenant", "mailbox__owner"
    ).get(pk=row.pk)
