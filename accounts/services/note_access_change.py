"""Orders mail daemons and connection pools to forget what they know about an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import AccessChange, Tenant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import User

BATCH = 1000


def note_access_change(*, address: str, mailbox_id: int = 0, kick: bool = False) -> AccessChange:
    """Write the order inside the caller's transaction; `kick` ends open sessions too.

    `mailbox_id` 0: the address is an alias or forwarder, no mailbox of its own.
    """
    return AccessChange.objects.create(address=address, mailbox_id=mailbox_id, kick=kick)


def note_domain_change(*, domain_name: str) -> None:
    """Write the order to forget whether mail for `domain_name` is taken here."""
    AccessChange.objects.create(address=f"@{domain_name}", mailbox_id=0)


def note_person_change(*, person: User, kick: bool) -> None:
    """Write one order for every mailbox that `person` owns."""
    _note(person.mailboxes.values_list("pk", "address__email"), kick=kick)


def note_tenant_change(*, tenant: Tenant, kick: bool) -> None:
    """Write one order for every mailbox of `tenant` and of the tenants below it."""
    below = Tenant.objects.within(tenant).filter(mailboxes__isnull=False)
    _note(below.values_list("mailboxes__pk", "mailboxes__address__email").iterator(), kick=kick)


def _note(mailboxes: Iterable[tuple[int, str]], *, kick: bool) -> None:
    AccessChange.objects.bulk_create(
        (
            AccessChange(address=address, mailbox_id=mailbox_id, kick=kick)
            for mailbox_id, address in mailboxes
        ),
        batch_size=BATCH,
    )
