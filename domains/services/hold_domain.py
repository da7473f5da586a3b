"""Locks a domain for a change, and orders the daemons to forget what they know about its mailboxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import AccessChange
from accounts.services.note_access_change import BATCH
from domains.errors import DomainBeingDeleted, DomainNotProved
from domains.models import Domain, DomainStatus, Mailbox
from portal.errors import NotFound

if TYPE_CHECKING:
    from django.db.models import QuerySet


def hold_domain(domain: Domain, *, may_be_deleting: bool = False) -> Domain:
    """Return the row as it is now, locked until the transaction ends.

    Raises NotFound, DomainNotProved for a pending one, DomainBeingDeleted.
    """
    rows: QuerySet[Domain] = Domain.objects.select_for_update(of=("self",), no_key=True)
    held = rows.select_related("tenant").filter(pk=domain.pk).first()
    if held is None:
        raise NotFound
    if held.status == DomainStatus.PENDING:
        raise DomainNotProved
    if held.status == DomainStatus.DELETING and not may_be_deleting:
        raise DomainBeingDeleted
    return held


def note_domain_change(domain: Domain, *, kick: bool) -> None:
    """Write one order for every mailbox of `domain`; `kick` ends open sessions too."""
    boxes = Mailbox.objects.filter(address__domain=domain).values_list("pk", "address__email")
    AccessChange.objects.bulk_create(
        (
            AccessChange(address=email, mailbox_id=mailbox_id, kick=kick)
            for mailbox_id, email in boxes.iterator()
        ),
        batch_size=BATCH,
    )
