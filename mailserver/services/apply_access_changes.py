"""Makes changed rights felt at once: Dovecot forgets the cached sign-in and ends open sessions."""

from __future__ import annotations

import logging

from django.utils import timezone

from accounts.models import AccessChange
from mailserver import doveadm
from mailserver.errors import DaemonFailed

logger = logging.getLogger(__name__)

_BATCH = 100


def apply_access_changes() -> int:
    """Carry out the oldest open rows; returns how many could not be. Repeating is harmless."""
    rows = list(AccessChange.objects.filter(done_at=None).order_by("id")[:_BATCH])
    failed = 0
    for address in dict.fromkeys(row.address for row in rows):
        mine = [row for row in rows if row.address == address]
        try:
            # First forget, then kick: who comes back at once must be asked anew.
            doveadm.flush_auth_cache(address)
            if any(row.kick for row in mine):
                doveadm.kick(address)
        except DaemonFailed as exc:
            failed += len(mine)
            logger.warning("access change waits", extra={"row": mine[0].id, "reason": exc.detail})
            continue
        AccessChange.objects.filter(id__in=[row.id for row in mine]).update(done_at=timezone.now())
    return failed
