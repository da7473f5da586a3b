"""Orders to forget, to throw out and to look anew, carried out together on the real daemons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.actor import Actor
from accounts.models import AccessChange
from domains.models import Access, Mailbox
from domains.services.set_grant import set_grant
from mailserver.services.apply_access_changes import AccessChanges
from tests.world import unique

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from portal.config import Stack
    from tests.world import World

pytestmark = pytest.mark.wire


def order(address: str, *, kick: bool = False) -> AccessChange:
    return AccessChange.objects.create(address=address, mailbox_id=1, kick=kick)


def test_who_is_thrown_out_comes_first(db: None) -> None:
    quiet = order(f"{unique('q')}@nowhere.test")
    loud = order(f"{unique('k')}@nowhere.test", kick=True)
    AccessChanges().apply()
    quiet.refresh_from_db()
    loud.refresh_from_db()
    assert quiet.done_at
    assert loud.done_at
    assert loud.done_at < quiet.done_at


def test_an_access_list_that_cannot_be_written_holds_up_nobody(world: World) -> None:
    # Dovecot knows no mailbox of an open transaction: its access list cannot be written
    box, member = world.person().box, world.person()
    Mailbox.objects.filter(pk=box.pk).update(owner=None)
    set_grant(
        actor=Actor.system(world.tenant),
        address=box.address,
        grantee=member.address,
        access=Access.READ,
    )
    quiet = order(f"{unique('q')}@nowhere.test")
    AccessChanges().apply()
    quiet.refresh_from_db()
    assert quiet.done_at
    assert AccessChange.objects.filter(address=box.address.email, done_at=None).exists()


def test_many_orders_cost_few_questions_and_one_reload(
    stack: Stack, db: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    log = stack.data / "log" / "postfix.log"
    numbers = [order(f"{unique('n')}@nowhere.test").pk for _mailbox in range(60)]
    numbers += [order(f"@{unique('d')}.test").pk for _domain in range(30)]
    with log.open(encoding="utf-8", errors="replace") as lines:
        lines.seek(0, 2)
        with django_assert_max_num_queries(6):
            AccessChanges().apply()
        reloads = sum("refreshing the Postfix mail system" in line for line in lines)
    assert not AccessChange.objects.filter(pk__in=numbers, done_at=None).exists()
    assert 1 <= reloads < 10  # others may have theirs at the same time
