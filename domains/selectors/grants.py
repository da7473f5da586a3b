"""Grants: who may open a shared mailbox, and who may send as which address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from domains.models import Access, Domain, DomainStatus, Grant, Mailbox, MailboxStatus, Sends
from domains.selectors.search import seen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.db.models import QuerySet

    from accounts.models import Tenant, User
    from domains.models import Address

LIVING_BOX = Q(address__mailbox__status=MailboxStatus.ACTIVE)
LIVING_GROUP = Q(address__group__is_enabled=True)


@dataclass(frozen=True, slots=True)
class Sender:
    """An address that may be used as From. `behalf`: the reader also sees who really wrote."""

    email: str
    name: str
    behalf: bool = False


def grants_on(address: Address) -> QuerySet[Grant]:
    """Return what others may do with this address, by the name of whom it was given to."""
    return (
        Grant.objects.filter(address=address)
        .select_related("mailbox", "mailbox__address")
        .order_by("mailbox__name", "mailbox__address__email")
    )


def grants_to(mailbox: Mailbox, *, seen_by: Tenant | None = None) -> QuerySet[Grant]:
    """Return what the person of this mailbox may do with other addresses.

    With `seen_by` only with those that whoever acts in that tenant sees.
    """
    return (
        Grant.objects.filter(seen(seen_by) if seen_by else Q(), mailbox=mailbox)
        .select_related("address", "address__mailbox", "address__group")
        .order_by("address__email")
    )


def open_grants(user: User) -> QuerySet[Grant]:
    """Return the grants by which `user` may open shared mailboxes now, by address."""
    return (
        Grant.objects.filter(
            LIVING_BOX,
            mailbox__owner=user,
            mailbox__status=MailboxStatus.ACTIVE,
            mailbox__address__domain__status=DomainStatus.ACTIVE,
            address__domain__status=DomainStatus.ACTIVE,
            address__mailbox__owner=None,
        )
        .exclude(access=Access.NONE)
        .select_related("address", "address__mailbox", "mailbox", "mailbox__address")
        .order_by("address__email", "-mailbox_id")
    )


def shared_mailbox_ids(addresses: Collection[str]) -> dict[str, int]:
    """Return the ids of those mailboxes to which somebody was given access, by address. One query."""
    grants = Grant.objects.filter(address__email__in=addresses, address__mailbox__isnull=False)
    shared = grants.exclude(access=Access.NONE)
    return dict(shared.values_list("address__email", "address__mailbox__pk"))


def granted_senders(mailbox: Mailbox) -> list[Sender]:
    """Return what the mailbox may send as by a grant, each at alias domains too. Two queries."""
    rows = (
        grants_to(mailbox)
        .filter(LIVING_BOX | LIVING_GROUP, address__domain__status=DomainStatus.ACTIVE)
        .exclude(sends=Sends.NONE)
    )
    own = [
        Sender(row.address.email, name_at(row.address), behalf=row.sends == Sends.BEHALF)
        for row in rows
    ]
    return [*own, *with_twins(own)]


def name_at(address: Address) -> str:
    """Return the name shown beside an address: that of its mailbox or group."""
    group = getattr(address, "group", None)
    mailbox = getattr(address, "mailbox", None)
    named = group or mailbox
    return str(named.name) if named is not None else address.email


def with_twins(senders: Iterable[Sender]) -> list[Sender]:
    """Return the senders once more for every alias domain of their domains. One query."""
    own = list(senders)
    twins: dict[str, list[str]] = {}
    for name, alias in (
        Domain.objects.filter(
            alias_of__name__in={one.email.rpartition("@")[2] for one in own},
            status=DomainStatus.ACTIVE,
        )
        .order_by("name")
        .values_list("alias_of__name", "name")
    ):
        twins.setdefault(name, []).append(alias)
    return [
        Sender(f"{local}@{alias}", one.name, behalf=one.behalf)
        for one in own
        for local, _at, host in [one.email.rpartition("@")]
        for alias in twins.get(host, ())
    ]
