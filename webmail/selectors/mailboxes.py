"""Which mailboxes a person may open, found and authorised in one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from domains.models import DomainStatus, Mailbox, MailboxStatus, MailboxUsage
from portal.templatetags.ui import filesize
from webmail.errors import MailboxGone
from webmail.identity import MailIdentity

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True, slots=True)
class Storage:
    """Space of a mailbox. `limit_bytes` 0: no limit of its own."""

    used_bytes: int
    limit_bytes: int

    @property
    def used_text(self) -> str:
        """What is used, as a person reads it."""
        return filesize(self.used_bytes)

    @property
    def limit_text(self) -> str:
        """The limit in words."""
        return _("of %(limit)s") % {"limit": filesize(self.limit_bytes)}


def own_mailboxes(user: User) -> list[MailIdentity]:
    """Return the mailboxes the person owns and may open now, by address. One query."""
    return _identities(user)


def own_mailbox(user: User, mailbox_id: int) -> MailIdentity:
    """Return one of the person's mailboxes. Raises MailboxGone for any other. One query."""
    found = _identities(user, mailbox_id) if mailbox_id < 2**63 else []
    if not found:
        raise MailboxGone(detail=f"mailbox {mailbox_id} of user {user.pk}")
    return found[0]


def storage_of(identity: MailIdentity) -> Storage:
    """Return what the mailbox uses and may use, as Dovecot counted last. One query."""
    used = MailboxUsage.objects.filter(mailbox_id=OuterRef("pk")).values("bytes")
    limit, bytes_used = (
        Mailbox.objects.annotate(used=Subquery(used))
        .values_list("quota_bytes", "used")
        .get(pk=identity.mailbox_id)
    )
    return Storage(max(0, bytes_used or 0), limit)


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
