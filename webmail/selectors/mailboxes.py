"""Which mailboxes a person may open, found and authorised in one query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domains.models import DomainStatus, Mailbox, MailboxStatus
from webmail.errors import MailboxGone
from webmail.identity import MailIdentity

if TYPE_CHECKING:
    from accounts.models import User


def own_mailboxes(user: User) -> list[MailIdentity]:
    """Return the mailboxes the person owns and may open now, by address. One query."""
    return _identities(user)


def own_mailbox(user: User, mailbox_id: int) -> MailIdentity:
    """Return one of the person's mailboxes. Raises MailboxGone for any other. One query."""
    found = _identities(user, mailbox_id) if mailbox_id < 2**63 else []
    if not found:
        raise MailboxGone(detail=f"mailbox {mailbox_id} of user {user.pk}")
    return found[0]


def quota_of(identity: MailIdentity) -> int:
    """Return the mailbox's own limit in bytes, 0 for none."""
    return Mailbox.objects.values_list("quota_bytes", flat=True).get(pk=identity.mailbox_id)


def _identities(user: User, mailbox_id: int | None = None) -> list[MailIdentity]:
    rows = Mailbox.objects.filter(
        owner=user, status=MailboxStatus.ACTIVE, address__domain__status=DomainStatus.ACTIVE
    )
    if mailbox_id is not None:
        rows = rows.filter(pk=mailbox_id)
    values = rows.order_by("address__email").values_list(
        "pk", "address__email", "name", "tenant_id"
    )
    return [MailIdentity(pk, email, name, tenant, user.pk) for pk, email, name, tenant in values]
