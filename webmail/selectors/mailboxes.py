"""Which mailboxes a person may open, found and authorised in one query, two where some are shared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _

from domains.models import Access, DomainStatus, Grant, Mailbox, MailboxStatus, MailboxUsage
from domains.selectors import open_grants
from portal.fixed import Fixed
from portal.templatetags.ui import filesize
from webmail.errors import MailboxGone
from webmail.identity import MailIdentity

if TYPE_CHECKING:
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


class OpenMailboxes:
    """The mailboxes a person may open: his own in one query, shared ones in a second if there are any."""

    def __init__(self, user: User) -> None:
        self._user = user
        rows = _OWN.rows(user.pk)
        self._own = [
            MailIdentity(pk, email, name, tenant, user.pk) for pk, email, name, tenant, _ in rows
        ]
        self._has_shared = user.is_active and any(row[-1] for row in rows)

    @cached_property
    def all(self) -> list[MailIdentity]:
        """His own by address, then the shared ones."""
        return [*self._own, *(_shared(self._user) if self._has_shared else [])]

    def get(self, mailbox_id: int) -> MailIdentity:
        """Return one of them. Raises MailboxGone for any other."""
        found = [one for one in self._own if one.mailbox_id == mailbox_id]
        if not found and self._has_shared and mailbox_id < 2**63:
            found = _shared(self._user, mailbox_id)
        if not found:
            raise MailboxGone(detail=f"mailbox {mailbox_id} of user {self._user.pk}")
        return found[0]


def own_mailbox(user: User, mailbox_id: int) -> MailIdentity:
    """Return one mailbox the person may open. Raises MailboxGone for any other."""
    return OpenMailboxes(user).get(mailbox_id)


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


# Whoever was given a shared mailbox was given it through a mailbox of his own.
_OWN = Fixed(
    lambda user_id: (
        _openable(user_id)
        .annotate(
            has_shared=Exists(
                Grant.objects.filter(mailbox=OuterRef("pk")).exclude(access=Access.NONE)
            )
        )
        .order_by("address__email")
        .values_list("pk", "address__email", "name", "tenant_id", "has_shared")
    )
)


def _shared(user: User, mailbox_id: int | None = None) -> list[MailIdentity]:
    """Return the shared mailboxes; of several grants on one, the one that gives most."""
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
