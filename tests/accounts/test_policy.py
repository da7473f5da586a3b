"""Who reaches whom in the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.actor import Actor
from accounts.errors import NoSuchTenant, NotAllowed
from accounts.models import Membership, Role, Tenant, TenantKind
from accounts.policy import reaches, require, require_grant, stands_over
from accounts.roles import Action
from accounts.selectors import place_of
from tests.accounts.conftest import acting
from tests.world import operator_tenant, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world import World


def test_a_role_reaches_down_the_tree(world: World, reseller: Actor) -> None:
    assert reaches(reseller, world.tenant)


def test_a_role_does_not_reach_up(world: World, admin: Actor) -> None:
    assert not reaches(admin, world.reseller)


def test_a_role_does_not_reach_sideways(world: World, admin: Actor) -> None:
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    with pytest.raises(NotAllowed):
        require(admin, Action.MAILBOX_CREATE, other)


def test_ids_that_begin_alike_are_not_below_one_another(world: World) -> None:
    """Path "1.2." must not cover "1.20."."""
    long = Tenant(path=f"{world.tenant.path[:-1]}0.", kind=TenantKind.COMPANY, name="x")
    admin = Actor(None, world.tenant)
    person = world.admin_of(world.tenant, Role.COMPANY_ADMIN).user
    admin = acting(person, world.tenant)
    assert not reaches(admin, long)


def test_a_foreign_tenant_does_not_exist(world: World) -> None:
    stranger = world.person().user
    with pytest.raises(NoSuchTenant):
        place_of(stranger, world.tenant.pk)


def test_who_acts_from_above_is_named(world: World, reseller: Actor) -> None:
    assert reseller.user is not None
    place = place_of(reseller.user, world.tenant.pk)
    assert place.via == world.reseller


def test_who_is_a_member_himself_acts_in_his_own_name(world: World, reseller: Actor) -> None:
    assert reseller.user is not None
    Membership.objects.create(user=reseller.user, tenant=world.tenant, role=Role.COMPANY_ADMIN)
    assert place_of(reseller.user, world.tenant.pk).via is None


def test_somebody_without_a_role_reaches_nothing(world: World) -> None:
    person = world.person().user
    assert not reaches(Actor(person, world.tenant), world.tenant)


def test_the_system_may_do_everything(world: World) -> None:
    require(Actor.system(), Action.QUEUE_CHANGE, world.tenant)
    require_grant(Actor.system(), Role.OPERATOR)


def test_a_help_desk_does_not_stand_over_an_admin(
    world: World, as_role: Callable[[Role], Actor]
) -> None:
    boss = world.admin_of(world.tenant, Role.COMPANY_ADMIN).user
    assert not stands_over(as_role(Role.HELP_DESK), boss)


def test_a_help_desk_stands_over_a_mailbox_owner(
    world: World, as_role: Callable[[Role], Actor]
) -> None:
    assert stands_over(as_role(Role.HELP_DESK), world.person().user)


def test_an_admin_does_not_stand_over_a_colleague_who_is_more_elsewhere(
    world: World, admin: Actor
) -> None:
    """Resetting his password would be the way to the reseller's rights."""
    colleague = world.person().user
    Membership.objects.create(user=colleague, tenant=world.reseller, role=Role.AUDITOR)
    assert not stands_over(admin, colleague)


def test_only_the_home_stands_over_a_person(world: World, admin: Actor) -> None:
    guest = world.admin_of(operator_tenant(), Role.AUDITOR).user
    Membership.objects.all().filter(user=guest).delete()
    Membership.objects.create(user=guest, tenant=world.tenant, role=Role.AUDITOR)
    assert not stands_over(admin, guest)
