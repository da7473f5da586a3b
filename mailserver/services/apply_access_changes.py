"""Makes changes felt at once: Dovecot forgets a sign-in and ends its sessions, Postfix a domain."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import AccessChange
from domains.selectors import shared_mailbox_ids
from mailserver import doveadm, postfix
from mailserver.errors import DaemonFailed
from mailserver.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

logger = logging.getLogger(__name__)

_BATCH = 500  # an import opens thousands of mailboxes at once


class AccessChanges:
    """Carries out open rows, oldest first. Repeating one is harmless."""

    def __init__(self) -> None:
        self._patience = Patience[str]()
        self._shared: set[int] = set()  # whose list this process has written

    def apply(self) -> int:
        """Do what is open; returns how many rows were done. What fails is tried again later.

        Who must be thrown out comes first, then one call for all domains and one for all others.
        """
        rows = list(
            AccessChange.objects.filter(done_at=None)
            .exclude(address__in=self._patience.resting())
            .order_by("-kick", "id")[:_BATCH]
        )
        addresses = list(dict.fromkeys(row.address for row in rows))
        # "@" and a domain is an order to Postfix
        orders = [address for address in addresses if address.startswith("@")]
        people = [address for address in addresses if not address.startswith("@")]
        kicked = {row.address for row in rows if row.kick}
        shared = shared_mailbox_ids(people)
        done = 0
        for address in filter(kicked.__contains__, people):
            out = self._succeeds([address], partial(_throw_out, address))
            if out and self._is_shared(address, shared):
                done += _mark(rows, [address])
        if orders and self._succeeds(orders, postfix.restart_processes):
            done += _mark(rows, orders)
        quiet = [address for address in people if address not in kicked]
        return done + self._forget(rows, [a for a in quiet if self._is_shared(a, shared)])

    def _is_shared(self, address: str, shared: Mapping[str, int]) -> bool:
        """Write the access list of a mailbox that has members, once: it names groups, not people."""
        mailbox_id = shared.get(address)
        if mailbox_id is None or mailbox_id in self._shared:
            return True
        if not self._succeeds([address], partial(doveadm.share, address, mailbox_id)):
            return False
        self._shared.add(mailbox_id)
        return True

    def _forget(self, rows: Collection[AccessChange], addresses: list[str]) -> int:
        """Forget all at once, or when that fails each alone; returns how many rows were done."""
        if not addresses:
            return 0
        forget = partial(doveadm.flush_auth_cache, *addresses)
        if self._succeeds(addresses, forget, may_rest=len(addresses) == 1):
            return _mark(rows, addresses)
        if len(addresses) == 1:
            return 0
        return sum(self._forget(rows, [address]) for address in addresses)

    def _succeeds(
        self, addresses: Collection[str], work: Callable[[], None], *, may_rest: bool = True
    ) -> bool:
        try:
            work()
        except DaemonFailed as exc:
            if may_rest:
                logger.warning("access change waits", extra={"reason": exc.detail})
                for address in addresses:
                    self._patience.failed(address)
            return False
        for address in addresses:
            self._patience.done(address)
        return True


def _throw_out(address: str) -> None:
    """First forget, then kick: who comes back at once must be asked anew."""
    doveadm.flush_auth_cache(address)
    doveadm.kick(address)


def _mark(rows: Collection[AccessChange], addresses: Collection[str]) -> int:
    numbers = [row.id for row in rows if row.address in addresses]
    return AccessChange.objects.filter(id__in=numbers).update(done_at=timezone.now())
