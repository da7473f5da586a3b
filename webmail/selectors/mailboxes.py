"""Which mailboxes a person may open, found and authorised in one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from domains.models import Access, DomainStatus, Mailbox, MailboxStatus, MailboxUsage
from domains.selectors import open_grants
from portal.fixed import Fixed
from portal.templatetags.ui import filesize
from webmail.errors import MailboxGone
from webmail.identity import MailIdentity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from accounts.models import User


MAX_SHARED = 200


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
    """Return the mailboxes the person may open now: his own, then shared ones. Two queries."""
    return [*_identities(user), *_memberships(user)]


def own_mailbox(user: User, mailbox_id: int) -> MailIdentity:
    """Return a mailbox the person may open. Raises MailboxGone for any other. At most two queries."""
    found = _identities(user, mailbox_id) if mailbox_id < 2**63 else []
    if not found and mailbox_id < 2**63:
        found = _memberships(user, mailbox_id)
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


def _openable(user_id: int) -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(
        owner=user_id, status=MailboxStatus.ACTIVE, address__domain__status=DomainStatus.ACTIVE
    )


_FIELDS = ("pk", "address__email", "name", "tenant_id")
_OWN = Fixed(
    lambda user_id, mailbox_id: _openable(user_id).filter(pk=mailbox_id).values_list(*_FIELDS)
)


def _identities(user: User, mailbox_id: int | None = None) -> list[MailIdentity]:
    """Return the person's own mailboxes by address, or the one of that id."""
    rows: Iterable[tuple[int, str, str, int]]
    if mailbox_id is None:
        rows = _openable(user.pk).order_by("address__email").values_list(*_FIELDS)
    else:
        rows = _OWN.rows(user.pk, mailbox_id)
    return [MailIdentity(pk, email, name, tenant, user.pk) for pk, email, name, tenant in rows]


def _memberships(user: User, mailbox_id: int | None = None) -> list[MailIdentity]:
    """Return the shared mailboxes; of several grants on one, the one that gives most."""
    if not user.is_active:
        return []
    rows = open_grants(user)
    if mailbox_id is not None:
        rows = rows.filter(address__mailbox=mailbox_id)
    found: dict[int, MailIdentity] = {}
    for grant in rows[:MAX_SHARED]:
        box = grant.address.mailbox
        one = MailIdentity(
            box.pk,
            grant.address.email,
            box.name,
            grant.tenant_id,
            user.pk,
            grant_id=grant.pk,
            may_write=grant.access == Access.WRITE,
            sends=grant.sends,
            member=grant.mailbox.address.email,
            member_name=grant.mailbox.name,
        )
        known = found.get(box.pk)
        if known is None or (one.may_write, bool(one.sends)) > (known.may_write, bool(known.sends)):
            found[box.pk] = one
    return list(found.values())
