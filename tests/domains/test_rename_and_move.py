"""What renaming a mailbox and moving a domain refuse, and who may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.errors import NotAllowed
from accounts.models import LoginName, Role, Tenant, TenantKind
from domains.errors import AddressReserved, AddressTaken, CannotMove, ChangedMeanwhile
from domains.models import AliasTarget, Domain, DomainStatus, WhoMaySend
from domains.services.move_domain import move_domain, plan_move
from domains.services.provision_mailbox import provision_mailbox
from domains.services.rename_mailbox import rename_mailbox
from domains.services.set_alias import create_alias
from domains.services.set_catch_all import set_catch_all
from domains.services.set_group import create_group
from portal.errors import LimitReached
from tests.domains.conftest import acting
from tests.world import Person, make_world, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor
    from accounts.models import Plan
    from tests.world import World


@pytest.fixture
def target(world: World) -> Tenant:
    return plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Target ")))


@pytest.fixture
def seller(world: World) -> Actor:
    return acting(world.reseller, Role.RESELLER)


def second_domain(world: World, name: str = "") -> Domain:
    return Domain.objects.create(
        tenant=world.tenant,
        name=name or f"{unique('e')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="t",
        verified_at=world.domain.verified_at,
    )


def test_a_taken_a_reserved_and_a_stale_rename_are_refused(world: World, admin: Actor) -> None:
    one, other = world.person(), world.person()
    for localpart, error in (
        (other.box.address.localpart, AddressTaken),
        ("postmaster", AddressReserved),
    ):
        with pytest.raises(error):
            rename_mailbox(actor=admin, mailbox=one.box, domain=world.domain, localpart=localpart)
    with pytest.raises(ChangedMeanwhile):
        rename_mailbox(actor=admin, mailbox=one.box, domain=world.domain, localpart="x", version=7)


def test_whatever_led_to_the_old_address_leads_to_the_new(world: World, admin: Actor) -> None:
    person = world.person()
    former = person.address
    alias = create_alias(actor=admin, domain=world.domain, localpart="bd", mailboxes=[former])
    set_catch_all(actor=admin, domain=world.domain, mailbox=person.address)
    held = rename_mailbox(actor=admin, mailbox=person.box, domain=world.domain, localpart="moi")
    world.domain.refresh_from_db()
    assert AliasTarget.objects.get(alias=alias).address_id == held.address_id
    assert world.domain.catch_all.address_id == held.address_id
    names = set(LoginName.objects.filter(user=person.user).values_list("address", flat=True))
    assert {former, f"moi@{world.domain.name}"} <= names


def test_groups_and_their_senders_follow_a_renaming_and_no_list_of_others_changes(
    world: World, admin: Actor
) -> None:
    person, other, stranger = world.person(), make_world(), world.person()
    former = person.address
    create_alias(actor=admin, domain=world.domain, localpart="moi", mailboxes=[former])
    wanted = f"moi@{world.domain.name}"
    group = create_group(
        actor=admin,
        domain=world.domain,
        localpart="nhom",
        name="Nhóm",
        members=[wanted, stranger.address],
        who_may_send=WhoMaySend.NAMED,
        senders=[former, wanted],
    )
    theirs = create_group(
        actor=acting(other.tenant, Role.COMPANY_ADMIN),
        domain=other.domain,
        localpart="nhom",
        name="Nhóm",
        who_may_send=WhoMaySend.NAMED,
        senders=[former],
    )
    rename_mailbox(actor=admin, mailbox=person.box, domain=world.domain, localpart="moi")
    assert set(group.members.values_list("email", flat=True)) == {wanted, stranger.address}
    assert list(group.senders.values_list("email", flat=True)) == [wanted]
    assert list(theirs.senders.values_list("email", flat=True)) == [former]


def test_renaming_needs_room_for_the_alias_that_is_left(
    world: World, admin: Actor, plan: Callable[..., Plan]
) -> None:
    person = world.person()
    plan(max_aliases=0)
    with pytest.raises(LimitReached):
        rename_mailbox(actor=admin, mailbox=person.box, domain=world.domain, localpart="moi")


def test_a_helper_does_not_rename_somebody_above_him(world: World) -> None:
    boss = world.person(role=Role.COMPANY_ADMIN)
    with pytest.raises(NotAllowed):
        rename_mailbox(
            actor=acting(world.tenant, Role.DOMAIN_ADMIN),
            mailbox=boss.box,
            domain=world.domain,
            localpart="moi",
        )


def test_only_who_stands_above_both_tenants_moves_a_domain(
    world: World, admin: Actor, target: Tenant
) -> None:
    with pytest.raises(NotAllowed):
        move_domain(actor=admin, domain=world.domain, target=target)
    foreign = plant(
        Tenant(parent=world.reseller.parent, kind=TenantKind.RESELLER, name=unique("F "))
    )
    with pytest.raises(NotAllowed):
        move_domain(
            actor=acting(world.reseller, Role.RESELLER), domain=world.domain, target=foreign
        )


def test_names_that_lie_in_each_other_stay_together(
    world: World, seller: Actor, target: Tenant
) -> None:
    second_domain(world, f"con.{world.domain.name}")
    with pytest.raises(CannotMove) as refusal:
        move_domain(actor=seller, domain=world.domain, target=target)
    assert f"con.{world.domain.name}" in str(refusal.value.message)


def test_what_leads_from_one_domain_to_another_is_named(
    world: World, admin: Actor, seller: Actor, target: Tenant
) -> None:
    person, other = world.person(), second_domain(world)
    alias = create_alias(actor=admin, domain=other, localpart="bd", mailboxes=[person.address])
    plan = plan_move(actor=seller, domain=world.domain, target=target)
    assert alias.address.email in plan.obstacles[0]


def test_the_reserved_addresses_follow_the_domain_to_its_new_admins(
    world: World, admin: Actor, seller: Actor, target: Tenant
) -> None:
    boss, other = world.person(role=Role.COMPANY_ADMIN), second_domain(world)
    provision_mailbox(
        actor=admin, domain=other, localpart="an", name="An", password="mưa rào tháng 77"
    )
    readers = AliasTarget.objects.filter(alias__address__email=f"postmaster@{other.name}")
    assert [one.address.email for one in readers.all()] == [boss.address]
    moved = move_domain(actor=seller, domain=other, target=target)
    assert moved.tenant == target
    assert boss.address not in [one.address.email for one in readers.all()]
    assert readers.exists()


def test_the_plan_of_the_new_tenant_must_have_room_but_not_the_one_above_both(
    world: World, seller: Actor, target: Tenant, plan: Callable[..., Plan]
) -> None:
    people: list[Person] = [world.person(), world.person()]
    plan(target, max_mailboxes=1)
    with pytest.raises(LimitReached):
        move_domain(actor=seller, domain=world.domain, target=target)
    plan(target, max_mailboxes=2)
    plan(world.reseller, max_mailboxes=2)
    moved = move_domain(actor=seller, domain=world.domain, target=target)
    assert moved.tenant == target
    people[0].box.refresh_from_db()
    assert people[0].box.tenant == target


def test_a_move_goes_to_the_tenant_whose_plan_was_shown(world: World, target: Tenant) -> None:
    client, domain = Client(), second_domain(world)
    client.force_login(world.admin_of(world.reseller, Role.RESELLER).user)
    path = f"/portal/{world.tenant.pk}/domains/{domain.pk}/move/"
    shown = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Shown ")))
    answer = client.post(path, {"tenant": target.name, "confirmed": shown.pk})
    assert f'name="confirmed" value="{target.pk}"' in answer.content.decode()
    domain.refresh_from_db()
    assert domain.tenant_id == world.tenant.pk
    assert client.post(path, {"tenant": target.name, "confirmed": target.pk}).status_code == 302
    domain.refresh_from_db()
    assert domain.tenant_id == target.pk
