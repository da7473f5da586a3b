"""What Dovecot and Postfix see of people whose tenant, or one above it, is suspended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from accounts.models import TenantStatus

if TYPE_CHECKING:
    from tests.world import World


def may_sign_in(address: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM dovecot_tokendb WHERE email = %s", [address])
        return bool(cursor.fetchone()[0])


def receives(address: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM postfix_mailboxes WHERE address = %s", [address])
        return bool(cursor.fetchone()[0])


def test_somebody_served_signs_in(world: World) -> None:
    assert may_sign_in(world.person().address)


@pytest.mark.parametrize("which", ["tenant", "reseller"])
def test_nobody_below_a_suspended_tenant_signs_in_but_mail_arrives(
    world: World, which: str
) -> None:
    person = world.person()
    tenant = getattr(world, which)
    tenant.status = TenantStatus.SUSPENDED
    tenant.save(update_fields=["status"])
    assert not may_sign_in(person.address)
    assert receives(person.address)
