"""Fills the tables with a large installation inside the test's own transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone

from domains.models import Address, Alias, AliasTarget, Domain, DomainStatus, Mailbox
from tests.world import make_world

if TYPE_CHECKING:
    from accounts.models import Tenant

_BATCH = 5000


def fill(*, domains: int, mailboxes: int, aliases: int) -> None:
    """Insert that many rows: mailboxes m1@d1.many.test and on, aliases a1@d1.many.test and on."""
    tenant = make_world().tenant
    hosts = Domain.objects.bulk_create(
        [
            Domain(
                tenant=tenant,
                name=f"d{number}.many.test",
                status=DomainStatus.ACTIVE,
                ownership_token="x",
                verified_at=timezone.now(),
            )
            for number in range(1, domains + 1)
        ],
        batch_size=_BATCH,
    )
    boxes = _addresses(tenant, hosts, "m", mailboxes // domains)
    Mailbox.objects.bulk_create(
        [Mailbox(tenant=tenant, address=one, name=one.localpart) for one in boxes],
        batch_size=_BATCH,
    )
    _look_again()
    rows = Alias.objects.bulk_create(
        [
            Alias(tenant=tenant, address=one)
            for one in _addresses(tenant, hosts, "a", aliases // domains)
        ],
        batch_size=_BATCH,
    )
    _look_again()
    AliasTarget.objects.bulk_create(
        [
            AliasTarget(tenant=tenant, alias=alias, address=boxes[place * len(boxes) // len(rows)])
            for place, alias in enumerate(rows)
        ],
        batch_size=_BATCH,
    )
    _look_again()


def _look_again() -> None:
    """Show the planner what came in: foreign keys are checked by plans for empty tables otherwise."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE domains_domain, domains_address, domains_mailbox, domains_alias, "
            "domains_aliastarget"
        )


def _addresses(tenant: Tenant, hosts: list[Domain], kind: str, each: int) -> list[Address]:
    rows = Address.objects.bulk_create(
        [
            Address(
                tenant=tenant,
                domain=host,
                localpart=f"{kind}{number}",
                email=f"{kind}{number}@{host.name}",
            )
            for host in hosts
            for number in range(1, each + 1)
        ],
        batch_size=_BATCH,
    )
    _look_again()
    return rows
