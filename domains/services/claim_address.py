"""Takes a free address of a proved domain for a mailbox, alias or forwarder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DEFAULT_DB_ALIAS, connection

from domains.errors import (
    AddressReserved,
    AddressTaken,
    DomainBeingDeleted,
    DomainIsAlias,
    DomainNotProved,
)
from domains.models import Address, Domain, DomainStatus
from domains.names import RESERVED_LOCALPARTS, NameRefused, parse_localpart

if TYPE_CHECKING:
    from domains.names import LocalPart
    from portal.errors import PortalError

# Locks the domain, reads it as it is once the lock is ours, and inserts; no row: it is refused.
_SQL = """
INSERT INTO domains_address (tenant_id, domain_id, localpart, email)
SELECT d.tenant_id, d.id, %(localpart)s, %(localpart)s || '@' || d.name
  FROM domains_domain d
 WHERE d.id = %(domain)s AND d.alias_of_id IS NULL AND NOT d.status = ANY(%(closed)s)
   FOR NO KEY UPDATE
    ON CONFLICT DO NOTHING
RETURNING id, tenant_id, email,
  (SELECT count(*) FROM domains_alias a JOIN domains_address r ON r.id = a.address_id
    WHERE r.domain_id = %(domain)s AND r.localpart = ANY(%(reserved)s)
      AND EXISTS (SELECT FROM domains_aliastarget t WHERE t.alias_id = a.id))
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A fresh address, and whether postmaster and abuse of its domain reach somebody."""

    address: Address
    is_reserved_served: bool


def read_localpart(text: str) -> LocalPart:
    """Return the local part a person typed. Raises NameRefused or AddressReserved on `localpart`."""
    try:
        local = parse_localpart(text)
    except NameRefused as exc:
        exc.field = "localpart"
        raise
    if local.text in RESERVED_LOCALPARTS:
        raise AddressReserved(field="localpart")
    return local


def claim_address(domain: Domain, localpart: str) -> Address:
    """Insert the address inside the caller's transaction.

    The domain's row is held so that it cannot be deleted meanwhile. Raises AddressTaken,
    DomainNotProved, DomainBeingDeleted.
    """
    return claim(domain, localpart).address


def claim(domain: Domain, localpart: str) -> Claim:
    """Do what `claim_address` does, and say whether postmaster and abuse are there. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "domain": domain.pk,
                "localpart": localpart,
                "closed": [DomainStatus.PENDING, DomainStatus.DELETING],
                "reserved": list(RESERVED_LOCALPARTS),
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise _refusal(domain)
    pk, tenant_id, email, reserved = row
    address = Address.from_db(
        DEFAULT_DB_ALIAS,
        ["id", "tenant_id", "domain_id", "localpart", "email"],
        [pk, tenant_id, domain.pk, localpart, email],
    )
    address.domain = domain
    return Claim(address, reserved == len(RESERVED_LOCALPARTS))


def _refusal(domain: Domain) -> PortalError:
    """Return why the domain's row, as it is now, gives no such address."""
    held = Domain.objects.get(pk=domain.pk)
    if held.status == DomainStatus.PENDING:
        return DomainNotProved(field="domain")
    if held.alias_of_id is not None:
        return DomainIsAlias(field="domain")
    if held.status == DomainStatus.DELETING:
        return DomainBeingDeleted(field="domain")
    return AddressTaken(field="localpart")
