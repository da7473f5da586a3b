"""Keeps postmaster and abuse of every domain with a mailbox reaching somebody (RFC 2142)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from domains.models import Address, Alias, AliasTarget, Mailbox, MailboxStatus
from domains.names import RESERVED_LOCALPARTS

if TYPE_CHECKING:
    from domains.models import Domain

UNREAD = ("no-reply", "noreply")  # nobody reads these, so they inherit nothing


def keep_reserved(domain: Domain) -> None:
    """Make the two aliases, or give those without a target the domain's oldest mailbox.

    Runs inside the caller's transaction. Without any mailbox left the two aliases go too.
    """
    heir = (
        Mailbox.objects.filter(address__domain=domain)
        .exclude(status=MailboxStatus.DELETING)
        .exclude(address__localpart__in=UNREAD)
        .order_by("created_at", "pk")
        .values_list("address_id", flat=True)
        .first()
    )
    aliases = Alias.objects.filter(
        address__domain=domain, address__localpart__in=RESERVED_LOCALPARTS
    ).select_related("address")
    if heir is None:
        if not Mailbox.objects.filter(address__domain=domain).exists():
            _drop(list(aliases))
        return
    missing = set(RESERVED_LOCALPARTS)
    for alias in aliases:
        missing.discard(alias.address.localpart)
        if not alias.targets.exists():
            AliasTarget.objects.create(tenant_id=domain.tenant_id, alias=alias, address_id=heir)
    for localpart in sorted(missing):
        _make(domain, localpart, heir)


def _make(domain: Domain, localpart: str, heir: int) -> None:
    try:
        with transaction.atomic():
            address = Address.objects.create(
                tenant_id=domain.tenant_id,
                domain=domain,
                localpart=localpart,
                email=f"{localpart}@{domain.name}",
            )
            alias = Alias.objects.create(tenant_id=domain.tenant_id, address=address)
            AliasTarget.objects.create(tenant_id=domain.tenant_id, alias=alias, address_id=heir)
    except IntegrityError:
        return  # somebody made it this moment, or it is a mailbox from elsewhere: it is routed


def _drop(aliases: list[Alias]) -> None:
    for alias in aliases:
        alias.delete()
        alias.address.delete()
