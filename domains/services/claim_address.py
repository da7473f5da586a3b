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
INSERT INTO domains_address AS fresh (tenant_id, domain_id, localpart, email)
SELECT d.tenant_id, d.id, %(localpart)s, %(localpart)s || '@' || d.name
  FROM domains_domain d
 WHERE d.id = %(domain)s AND d.alias_of_id IS NULL AND NOT d.status = ANY(%(closed)s)
   FOR NO KEY UPDATE
    ON CONFLICT DO NOTHING
RETURNING id, tenant_id, email"""
# What opening a mailbox wants to know as well
_FOR_MAILBOX = """,
  (SELECT count(*) FROM domains_alias a JOIN domains_address r ON r.id = a.address_id
    WHERE r.domain_id = %(domain)s AND r.localpart = ANY(%(reserved)s)
      AND EXISTS (SELECT FROM domains_aliastarget t WHERE t.alias_id = a.id)),
  nextval(pg_get_serial_sequence('domains_mailbox', 'id')),
  nextval(pg_get_serial_sequence('accounts_user', 'id')),
  coalesce((SELECT u.id FROM accounts_user u WHERE u.email = fresh.email),
           (SELECT l.user_id FROM accounts_loginname l WHERE l.address = fresh.email), 0)
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A fresh address for a mailbox, keys for it and for a new owner, and who signs in by it."""

    address: Address
    is_reserved_served: bool  # whether postmaster and abuse of its domain reach somebody
    mailbox_id: int
    person_id: int
    known_id: int  # 0: nobody


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
    return _taken(_SQL, domain, localpart)[0]


def claim(domain: Domain, localpart: str) -> Claim:
    """Do what `claim_address` does for a mailbox. One query."""
    address, (reserved, *keys) = _taken(_SQL + _FOR_MAILBOX, domain, localpart)
    return Claim(address, reserved == len(RESERVED_LOCALPARTS), *keys)


def _taken(sql: str, domain: Domain, localpart: str) -> tuple[Address, list[int]]:
    """Return the address, and what else the question asks for."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
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
    pk, tenant_id, email, *more = row
    address = Address.from_db(
        DEFAULT_DB_ALIAS,
        ["id", "tenant_id", "domain_id", "localpart", "email"],
        [pk, tenant_id, domain.pk, localpart, email],
    )
    address.domain = domain
    return address, more


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
