"""Frees mailboxes that were deleted and whose days of grace are over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import LoginName, User
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.models import (
    Alias,
    Departure,
    Forwarder,
    ForwarderTarget,
    LastSignIn,
    Mailbox,
    MailboxStatus,
    MailboxUsage,
    MailHomeChange,
)
from domains.names import RESERVED_LOCALPARTS
from domains.services.keep_reserved import drop_alias, keep_reserved

if TYPE_CHECKING:
    from datetime import datetime

    from domains.models import Address

BATCH = 100


def purge_deleted(*, batch: int = BATCH) -> int:
    """Purge up to `batch` mailboxes, each in a transaction of its own; return how many."""
    done = 0
    while done < batch and _purge_one():
        done += 1
    return done


def _purge_one() -> bool:
    with transaction.atomic():
        mailbox = (
            Mailbox.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("address", "address__domain", "tenant", "owner")
            .filter(status=MailboxStatus.DELETING, delete_after__lte=timezone.now())
            .order_by("delete_after")
            .first()
        )
        if mailbox is None:
            return False
        _purge(mailbox)
    return True


def _purge(mailbox: Mailbox) -> None:
    address, owner, tenant, mailbox_id = (
        mailbox.address,
        mailbox.owner,
        mailbox.tenant,
        mailbox.pk,
    )
    used = MailboxUsage.objects.filter(mailbox=mailbox).values_list("bytes", flat=True).first() or 0
    MailHomeChange.objects.create(
        mailbox_id=mailbox_id,
        address=address.email,
        tenant_id=tenant.pk,
        domain_id=address.domain_id,
        bytes=used,
        archive_until=_archive_until(mailbox),
    )
    note_access_change(address=address.email, mailbox_id=mailbox_id, kick=True)
    MailboxUsage.objects.filter(mailbox=mailbox).delete()
    LastSignIn.objects.filter(mailbox=mailbox).delete()
    _unroute(address)
    aliases = list(Alias.objects.filter(targets__address=address).values_list("pk", flat=True))
    mailbox.delete()
    LoginName.objects.filter(address=address.email).delete()
    domain = address.domain
    address.delete()  # alias targets and a catch-all to it go with it
    _drop_empty_aliases(aliases)
    _let_go(owner, address.email)
    keep_reserved(domain)
    record_audit(
        Actor.system(tenant),
        tenant,
        action="mailbox.purge",
        target=("mailbox", mailbox_id, address.email),
        changes={"removed_bytes": used},
    )


def _archive_until(mailbox: Mailbox) -> datetime | None:
    days = Departure.objects.filter(mailbox=mailbox).values_list("archive_days", flat=True).first()
    return timezone.now() + timedelta(days=days) if days else None


def _unroute(address: Address) -> None:
    """Take the address out of forwardings; a forwarder left without any target is switched off."""
    for other in Mailbox.objects.filter(forward_to__contains=[address.email]).select_for_update():
        other.forward_to = [target for target in other.forward_to if target != address.email]
        other.version += 1
        other.save(update_fields=["forward_to", "version"])
    touched = list(
        ForwarderTarget.objects.filter(email=address.email).values_list("forwarder_id", flat=True)
    )
    ForwarderTarget.objects.filter(email=address.email).delete()
    Forwarder.objects.filter(pk__in=touched, targets=None).update(is_enabled=False)


def _drop_empty_aliases(aliases: list[int]) -> None:
    empty = (
        Alias.objects.filter(pk__in=aliases, targets=None)
        .exclude(address__localpart__in=RESERVED_LOCALPARTS)
        .select_related("address")
    )
    for alias in empty:
        drop_alias(alias)


def _let_go(owner: User | None, email: str) -> None:
    """Delete a person who existed only for this mailbox; whoever has more stays."""
    if owner is None or owner.email != email:
        return
    if owner.memberships.exists() or owner.mailboxes.exists():
        return
    if owner.login_names.exists():
        return
    owner.delete()
