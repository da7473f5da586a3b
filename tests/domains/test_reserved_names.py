"""postmaster and abuse reach the company's admins by default, whoever they are (RFC 2142)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.actor import Actor
from accounts.models import AuditEvent, Role
from accounts.services.change_roles import grant_role, revoke_role
from domains.models import Alias
from domains.services.keep_reserved import keep_reserved, route_reserved
from domains.services.provision_mailbox import provision_mailbox
from domains.services.set_alias import change_alias

if TYPE_CHECKING:
    from tests.world import Person, World


def alias(world: World, localpart: str = "postmaster") -> Alias:
    return Alias.objects.get(address__email=f"{localpart}@{world.domain.name}")


def readers(world: World, localpart: str = "postmaster") -> list[str]:
    return sorted(alias(world, localpart).targets.values_list("address__email", flat=True))


@pytest.fixture
def boss(world: World) -> Person:
    """The first mailbox belongs to somebody without a role; the admin came later."""
    world.person("first")
    boss = world.person("boss", role=Role.COMPANY_ADMIN)
    keep_reserved(world.domain)
    return boss


def test_the_admins_mailboxes_read_them(world: World, boss: Person) -> None:
    assert readers(world) == readers(world, "abuse") == [boss.address]


def test_without_an_admins_mailbox_the_oldest_one_reads_them(world: World) -> None:
    first = world.person()
    world.person()
    keep_reserved(world.domain)
    assert readers(world) == [first.address]


def test_they_follow_who_becomes_and_ceases_to_be_an_admin(world: World, boss: Person) -> None:
    second = world.person("second")
    system = Actor.system(world.tenant)
    grant_role(actor=system, tenant=world.tenant, person=second.user, role=Role.COMPANY_ADMIN)
    route_reserved(tenant_id=world.tenant.pk)
    assert readers(world) == sorted([boss.address, second.address])
    revoke_role(actor=system, tenant=world.tenant, person=boss.user, role=Role.COMPANY_ADMIN)
    route_reserved(tenant_id=world.tenant.pk)
    assert readers(world) == [second.address]


def test_a_choice_ends_the_default_and_an_empty_one_brings_it_back(
    world: World, boss: Person, admin: Actor
) -> None:
    clerk = world.person("clerk")
    change_alias(actor=admin, alias=alias(world), mailboxes=[clerk.address])
    provision_mailbox(actor=admin, domain=world.domain, localpart="x", name="X", shared=True)
    route_reserved(tenant_id=world.tenant.pk)
    assert readers(world) == [clerk.address]
    assert readers(world, "abuse") == [boss.address]
    change_alias(actor=admin, alias=alias(world), mailboxes=[])
    assert readers(world) == [boss.address]
    event = AuditEvent.objects.filter(action="alias.change", target_id=alias(world).pk).last()
    assert event is not None
    assert event.changes["mailboxes"] == [[clerk.address], [boss.address]]


def test_what_exists_is_left_alone(world: World, boss: Person, admin: Actor) -> None:
    clerk = world.person("clerk")
    kept = alias(world)
    change_alias(actor=admin, alias=kept, mailboxes=[clerk.address])
    keep_reserved(world.domain)
    keep_reserved(world.domain)
    assert alias(world).pk == kept.pk
    assert readers(world) == [clerk.address]
