"""Aliases, forwarders and the directory of a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from domains.models import (
    Address,
    Alias,
    AliasTarget,
    CatchAll,
    Domain,
    Forwarder,
    ForwarderTarget,
    Mailbox,
    MailboxStatus,
)
from domains.names import stored_address
from domains.selectors.search import address_part, having_part, seen
from portal.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import Tenant

DIRECTORY_ROWS = 20


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """A colleague, as address books show him."""

    name: str
    email: str


def _of(tenant: Tenant) -> Q:
    """Return the condition of rows with an address.

    The address names the tenant too, so that its index by tenant and address gives the order.
    """
    return seen(tenant) & Q(address__tenant=tenant)


def aliases_of(tenant: Tenant, *, part: str = "") -> QuerySet[Alias]:
    """Return the tenant's aliases with their targets' addresses, by address."""
    targets = AliasTarget.objects.select_related("address").order_by("address__email")
    rows = (
        Alias.objects.filter(_of(tenant), tenant=tenant)
        .select_related("address", "address__domain")
        .prefetch_related(Prefetch("targets", targets))
        .order_by("address__email")
    )
    wanted = part.replace("\0", "").strip()[:100]
    return rows.filter(address__email__contains=address_part(wanted)) if wanted else rows


def alias_of(tenant: Tenant, alias_id: int) -> Alias:
    """Return an alias of `tenant`. Raises NotFound."""
    found = aliases_of(tenant).filter(pk=alias_id).first()
    if found is None:
        raise NotFound
    return found


def forwarders_of(tenant: Tenant, *, part: str = "") -> QuerySet[Forwarder]:
    """Return the tenant's forwarders with their targets, by address."""
    rows = (
        Forwarder.objects.filter(_of(tenant), tenant=tenant)
        .select_related("address", "address__domain")
        .prefetch_related(Prefetch("targets", ForwarderTarget.objects.order_by("email")))
        .order_by("address__email")
    )
    wanted = part.replace("\0", "").strip()[:100]
    return rows.filter(address__email__contains=address_part(wanted)) if wanted else rows


def forwarder_of(tenant: Tenant, forwarder_id: int) -> Forwarder:
    """Return a forwarder of `tenant`. Raises NotFound."""
    found = forwarders_of(tenant).filter(pk=forwarder_id).first()
    if found is None:
        raise NotFound
    return found


def mailbox_addresses_of(tenant: Tenant) -> QuerySet[Address]:
    """Return the addresses of the tenant's mailboxes that an alias or catch-all may deliver to."""
    return (
        Address.objects.filter(seen(tenant, "domain"), tenant=tenant, mailbox__isnull=False)
        .exclude(mailbox__status=MailboxStatus.DELETING)
        .select_related("mailbox")
        .order_by("email")
    )


def catch_all_of(domain: Domain) -> str:
    """Return the address that mail to unknown addresses of `domain` goes to; empty: refused."""
    rows = CatchAll.objects.filter(domain=domain).values_list("address__email", flat=True)
    return rows.first() or ""


def directory_of(
    tenant: Tenant, *, part: str = "", limit: int = DIRECTORY_ROWS
) -> list[DirectoryEntry]:
    """Return colleagues whose name or address contains `part`, by name; at most `limit`."""
    rows = having_part(
        Mailbox.objects.of(tenant).exclude(status=MailboxStatus.DELETING), part
    ).order_by("name", "address__email")
    return [
        DirectoryEntry(name, email)
        for name, email in rows.values_list("name", "address__email")[:limit]
    ]


def alias_at(tenant: Tenant, address: str) -> Alias:
    """Return the alias of `tenant` at an address as a person types it. Raises InvalidInput on `alias`."""
    found = aliases_of(tenant).filter(address__email=stored_address(address, field="alias")).first()
    if found is None:
        raise InvalidInput(
            _("There is no alias %(address)s. Make it first.") % {"address": address.strip()[:100]},
            field="alias",
        )
    return found
