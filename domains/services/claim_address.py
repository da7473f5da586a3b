"""Takes a free address of a proved domain for a mailbox, alias or forwarder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

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
    held = Domain.objects.select_for_update(no_key=True, of=("self",)).get(pk=domain.pk)
    if held.status == DomainStatus.PENDING:
        raise DomainNotProved(field="domain")
    if held.alias_of_id is not None:
        raise DomainIsAlias(field="domain")
    if held.status == DomainStatus.DELETING:
        raise DomainBeingDeleted(field="domain")
    try:
        with transaction.atomic():
            return Address.objects.create(
                tenant_id=held.tenant_id,
                domain=held,
                localpart=localpart,
                email=f"{localpart}@{held.name}",
            )
    except IntegrityError as exc:
        raise AddressTaken(field="localpart") from exc
