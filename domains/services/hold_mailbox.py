"""Locks a mailbox for a change and refuses what may not be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domains.errors import BeingDeleted, ChangedMeanwhile
from domains.models import Mailbox, MailboxStatus
from portal.errors import NotFound

if TYPE_CHECKING:
    from django.db.models import QuerySet


def hold_mailbox(
    mailbox: Mailbox, *, version: int | None = None, may_be_deleting: bool = False
) -> Mailbox:
    """Return the row as it is now, locked until the transaction ends.

    `version`: what the editor saw; raises ChangedMeanwhile when somebody saved since. Raises
    NotFound when it is gone, BeingDeleted.
    """
    rows: QuerySet[Mailbox] = Mailbox.objects.select_for_update(of=("self",), no_key=True)
    held = rows.select_related("address", "address__domain", "tenant").filter(pk=mailbox.pk).first()
    if held is None:
        raise NotFound
    if held.status == MailboxStatus.DELETING and not may_be_deleting:
        raise BeingDeleted
    if version is not None and held.version != version:
        raise ChangedMeanwhile
    return held
