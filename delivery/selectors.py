"""Reads mail on its way: for the pages of a mailbox, of a tenant, and for the sweeper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import Tenant, TenantStatus
from domains.models import DomainStatus, MailboxStatus

if TYPE_CHECKING:
    from domains.models import Mailbox


def may_send(mailbox: Mailbox) -> bool:
    """Return whether nothing stops this mailbox from sending.

    What may stop it: itself, its domain, its owner, its tenant or one above. One query beyond
    those that load these rows.
    """
    owner = mailbox.owner
    line = Tenant.objects.filter(pk__in=mailbox.tenant.line)
    return (
        mailbox.status == MailboxStatus.ACTIVE
        and mailbox.allow_smtp
        and mailbox.address.domain.status == DomainStatus.ACTIVE
        and (owner is None or (owner.is_active and owner.suspended_at is None))
        and not line.exclude(status=TenantStatus.ACTIVE).exists()
    )
