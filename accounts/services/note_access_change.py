"""Orders mail daemons and connection pools to forget what they know about an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import AccessChange, LoginName

if TYPE_CHECKING:
    from accounts.models import Tenant, User

BATCH = 1000


def note_access_change(*, address: str, mailbox_id: int = 0, kick: bool = False) -> AccessChange:
    """Write the order inside the caller's transaction; `kick` ends open sessions too.

    `mailbox_id` 0 means: whichever mailbox answers to `address` (accounts knows no mailboxes).
    """
    return AccessChange.objects.create(address=address, mailbox_id=mailbox_id, kick=kick)


def note_person_change(*, person: User, kick: bool) -> None:
    """Write one order for every address that signs in as `person`."""
    AccessChange.objects.bulk_create(
        AccessChange(address=address, mailbox_id=0, kick=kick)
        for address in person.login_names.values_list("address", flat=True)
    )


def note_tenant_change(*, tenant: Tenant, kick: bool) -> None:
    """Write one order for every address of everybody in `tenant` and below it."""
    addresses = LoginName.objects.filter(user__tenant__path__startswith=tenant.path)
    AccessChange.objects.bulk_create(
        (
            AccessChange(address=address, mailbox_id=0, kick=kick)
            for address in addresses.values_list("address", flat=True).iterator()
        ),
        batch_size=BATCH,
    )
