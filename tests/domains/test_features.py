"""A plan may leave features out: switching on is refused in words, what was on stays on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.models import Feature
from domains.models import JobKind, Mailbox
from domains.services.change_mailbox import change_mailbox
from domains.services.provision_mailbox import provision_mailbox
from domains.services.set_auto_reply import set_auto_reply
from domains.services.set_catch_all import set_catch_all
from domains.services.set_forwarder import change_forwarder, create_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.set_group import add_members, create_group
from portal.errors import LimitReached
from tests.domains.importing import imported, states, uploaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor
    from accounts.models import Plan
    from tests.world import World

OUT = "an@partner.test"


@pytest.fixture
def bare(world: World, plan: Callable[..., Plan]) -> Callable[[], None]:
    """Put the company, or the reseller above, on a plan without any of the features."""

    def put(*, above: bool = False) -> None:
        made = plan(world.reseller if above else None)
        made.left_out = Feature.values
        made.save(update_fields=["left_out"])
        world.tenant.refresh_from_db()

    return put


@pytest.mark.parametrize("above", [False, True], ids=["own plan", "contract above"])
def test_what_the_plan_leaves_out_is_not_switched_on(
    world: World, admin: Actor, bare: Callable[..., None], above: bool
) -> None:
    person = world.person()
    bare(above=above)
    with pytest.raises(LimitReached):
        set_catch_all(actor=admin, domain=world.domain, mailbox=person.address)
    with pytest.raises(LimitReached):
        set_auto_reply(actor=admin, mailbox=person.box, text="x")
    with pytest.raises(LimitReached):
        set_forwarding(actor=admin, mailbox=person.box, targets=[OUT], keep_copy=True)
    with pytest.raises(LimitReached):
        create_forwarder(actor=admin, domain=world.domain, localpart="ra", targets=[OUT])
    made = provision_mailbox(
        actor=admin, domain=world.domain, localpart="moi", name="Mới", password="mưa rào tháng 77"
    )
    assert not made.mailbox.allow_pop3
    group = create_group(actor=admin, domain=world.domain, localpart="nhom", name="Nhóm")
    with pytest.raises(LimitReached):
        add_members(actor=admin, group=group, members=[OUT])
    with pytest.raises(LimitReached):
        change_mailbox(actor=admin, mailbox=made.mailbox, version=0, allow_pop3=True)


def test_an_import_switches_nothing_on_that_the_plan_leaves_out(
    world: World, admin: Actor, bare: Callable[..., None]
) -> None:
    inside = world.person()
    bare()
    host = world.domain.name
    imported(admin, uploaded(admin, world.tenant, f"address\nmoi@{host}\n"))
    assert not Mailbox.objects.get(address__email=f"moi@{host}").allow_pop3
    table = f"address,targets\nra@{host},{OUT}\ntrong@{host},{inside.address}\n"
    job = uploaded(admin, world.tenant, table, kind=JobKind.IMPORT_FORWARDERS)
    assert states(imported(admin, job)) == {2: "refused", 3: "done"}


def test_forwarding_inside_the_company_is_always_allowed(
    world: World, admin: Actor, bare: Callable[..., None]
) -> None:
    bare()
    one, other = world.person(), world.person()
    set_forwarding(actor=admin, mailbox=one.box, targets=[other.address], keep_copy=True)
    assert Mailbox.objects.get(pk=one.box.pk).forward_to == [other.address]


def test_what_was_on_before_stays_on_and_can_still_be_changed(
    world: World, admin: Actor, bare: Callable[..., None]
) -> None:
    person, other = world.person(), world.person()
    set_catch_all(actor=admin, domain=world.domain, mailbox=person.address)
    set_auto_reply(actor=admin, mailbox=person.box, text="cũ")
    forwarder = create_forwarder(actor=admin, domain=world.domain, localpart="ra", targets=[OUT])
    bare()
    set_catch_all(actor=admin, domain=world.domain, mailbox=other.address)
    set_auto_reply(actor=admin, mailbox=person.box, text="mới")
    change_forwarder(actor=admin, forwarder=forwarder, targets=[OUT, other.address])
    with pytest.raises(LimitReached):
        change_forwarder(actor=admin, forwarder=forwarder, targets=[OUT, "binh@partner.test"])
    held = change_mailbox(
        actor=admin, mailbox=person.box, version=person.box.version, allow_pop3=True
    )
    assert held.allow_pop3
