"""Makes changes felt at once: Dovecot forgets a sign-in and ends its sessions, Postfix a domain."""

from __future__ import annotations

import logging

from django.utils import timezone

from accounts.models import AccessChange
from domains.selectors import shared_mailbox_id
from mailserver import doveadm, postfix
from mailserver.errors import DaemonFailed
from mailserver.patience import Patience

logger = logging.getLogger(__name__)

_BATCH = 500  # an import opens thousands of mailboxes at once


class AccessChanges:
    """Carries out open rows, oldest first. Repeating one is harmless."""

    def __init__(self) -> None:
        self._patience = Patience[str]()
        self._shared: set[int] = set()  # whose list this process has written

    def apply(self) -> int:
        """Do what is open; returns how many rows were done. What fails is tried again later.

        Who must be thrown out comes first; all other mailboxes are forgotten by one call of the tool.
        """
        rows = list(
            AccessChange.objects.filter(done_at=None)
            .exclude(address__in=self._patience.resting())
            .order_by("-kick", "id")[:_BATCH]
        )
        # "@" and a domain is an order to Postfix
        loud = {row.address for row in rows if row.kick or row.address.startswith("@")}
        quiet = [row for row in rows if row.address not in loud]
        done = self._forget(quiet)
        rest = [row for row in rows if row.address in loud] if done == len(quiet) else rows
        for address in dict.fromkeys(row.address for row in rest):
            mine = [row for row in rows if row.address == address]
            if self._tell(address, kick=any(row.kick for row in mine)):
                numbers = [row.id for row in mine]
                done += AccessChange.objects.filter(id__in=numbers).update(done_at=timezone.now())
        return done

    def _share(self, address: str) -> None:
        """Write the access list of a mailbox that has members, once: it names groups, not people."""
        mailbox_id = shared_mailbox_id(address)
        if mailbox_id is None or mailbox_id in self._shared:
            return
        doveadm.share(address, mailbox_id)
        self._shared.add(mailbox_id)

    def _forget(self, rows: list[AccessChange]) -> int:
        """Forget all addresses at once; 0 when that fails, and each is then tried alone."""
        if not rows:
            return 0
        try:
            for row in rows:
                self._share(row.address)
            doveadm.flush_auth_cache(*dict.fromkeys(row.address for row in rows))
        except DaemonFailed:
            return 0
        numbers = [row.id for row in rows]
        return AccessChange.objects.filter(id__in=numbers).update(done_at=timezone.now())

    def _tell(self, address: str, *, kick: bool) -> bool:
        try:
            if address.startswith("@"):
                postfix.restart_processes()
            else:
                self._share(address)
                # First forget, then kick: who comes back at once must be asked anew.
                doveadm.flush_auth_cache(address)
                if kick:
                    doveadm.kick(address)
        except DaemonFailed as exc:
            self._patience.failed(address)
            logger.warning("access change waits", extra={"reason": exc.detail})
            return False
        self._patience.done(address)
        return True
