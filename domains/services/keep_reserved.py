"""Keeps postmaster and abuse of every domain with a mailbox reaching somebody (RFC 2142).

By default they reach the company's admins, whoever these are at the time, or the domain's oldest
mailbox where no admin has one. An admin who chooses other mailboxes ends the default.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import LoginName, Membership, Role
from accounts.services.note_access_change import note_access_change
from domains.models import Address, Alias, AliasTarget, Domain, Mailbox, MailboxStatus
from domains.names import RESERVED_LOCALPARTS

UNREAD = ("no-reply", "noreply")  # nobody reads these, so they inherit nothing
MAX_ADMINS = 20


def keep_reserved(domain: Domain) -> None:
    """Make the two aliases, and bring those that follow the default up to date.

    Runs inside the caller's transaction. Without any mailbox left the two aliases go too.
    """
    aliases = list(
        Alias.objects.filter(
            address__domain=domain, address__localpart__in=RESERVED_LOCALPARTS
        ).select_related("address")
    )
    heirs = _heirs(domain)
    if not heirs:
        if not Mailbox.objects.filter(address__domain=domain).exists():
            _drop(aliases)
        return
    missing = set(RESERVED_LOCALPARTS)
    for alias in aliases:
        missing.discard(alias.address.localpart)
        if alias.to_admins or not alias.targets.exists():
            _point(alias, heirs)
    for localpart in sorted(missing):
        _make(domain, localpart, heirs)


def route_reserved(*, tenant_id: int) -> None:
    """Bring the defaults of every domain of a tenant up to date after its admins changed."""
    for domain in Domain.objects.filter(
        tenant=tenant_id, addresses__alias__to_admins=True
    ).distinct():
        with transaction.atomic():
            keep_reserved(domain)


def _heirs(domain: Domain) -> list[int]:
    """Return the addresses of the admins' mailboxes, else of the domain's oldest one.

    Empty for a domain without a mailbox.
    """
    if not Mailbox.objects.filter(address__domain=domain).exists():
        return []
    alive = Mailbox.objects.exclude(status=MailboxStatus.DELETING).exclude(
        address__localpart__in=UNREAD
    )
    admins = Membership.objects.filter(
        tenant=domain.tenant_id, role=Role.COMPANY_ADMIN, user__suspended_at=None
    )
    of_admins = alive.filter(
        tenant=domain.tenant_id, owner__in=admins.values("user"), address__email=F("owner__email")
    )
    found = list(of_admins.order_by("pk").values_list("address_id", flat=True)[:MAX_ADMINS])
    if found:
        return found
    oldest = alive.filter(address__domain=domain).order_by("created_at", "pk")
    return list(oldest.values_list("address_id", flat=True)[:1])


def _point(alias: Alias, heirs: list[int]) -> None:
    now = set(alias.targets.values_list("address_id", flat=True))
    if now == set(heirs):
        return
    alias.targets.exclude(address_id__in=heirs).delete()
    AliasTarget.objects.bulk_create(
        [
            AliasTarget(tenant_id=alias.tenant_id, alias=alias, address_id=heir)
            for heir in heirs
            if heir not in now
        ],
        ignore_conflicts=True,
    )
    note_access_change(address=alias.address.email)


def _make(domain: Domain, localpart: str, heirs: list[int]) -> None:
    try:
        with transaction.atomic():
            address = Address.objects.create(
                tenant_id=domain.tenant_id,
                domain=domain,
                localpart=localpart,
                email=f"{localpart}@{domain.name}",
            )
            alias = Alias.objects.create(
                tenant_id=domain.tenant_id, address=address, to_admins=True
            )
            _point(alias, heirs)
    except IntegrityError:
        return  # somebody made it this moment, or it is a mailbox from elsewhere: it is routed


def _drop(aliases: list[Alias]) -> None:
    for alias in aliases:
        drop_alias(alias)


def drop_alias(alias: Alias) -> None:
    """Free the address: nobody is reached by it or signs in with it, inside the caller's transaction."""
    LoginName.objects.filter(address=alias.address.email).delete()
    note_access_change(address=alias.address.email)
    alias.delete()
    alias.address.delete()
