"""Who may take a name, and which names nobody may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.errors import NotAllowed
from accounts.models import AuditEvent, Role, Tenant, TenantKind
from domains.errors import DomainListed, DomainOfOperator, DomainOverlaps, DomainTaken
from domains.models import DkimKey, DnsCheck, Domain, DomainStatus
from domains.names import NameRefused
from domains.services.register_domain import register_domain
from portal.config import stack
from portal.errors import LimitReached
from portal.sealing import unseal
from tests.domains.conftest import acting
from tests.world import World, operator_tenant, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor


@pytest.fixture
def rival(world: World) -> Tenant:
    return plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Rival ")))


def test_a_new_domain_waits_for_its_proof_and_is_looked_at_at_once(
    world: World, admin: Actor
) -> None:
    name = f"{unique('moi')}.test"
    domain = register_domain(actor=admin, tenant=world.tenant, name=f" {name.upper()}. ")
    assert (domain.name, domain.status, domain.verified_at) == (name, DomainStatus.PENDING, None)
    assert len(domain.ownership_token) == 32
    assert DnsCheck.objects.filter(domain=domain, finished_at=None).count() == 1
    event = AuditEvent.objects.get(tenant_id=world.tenant.pk, action="domain.create")
    assert (event.target_name, event.actor_id) == (name, admin.user.pk if admin.user else None)


def test_its_key_is_sealed_and_does_not_sign_yet(world: World, admin: Actor) -> None:
    domain = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('k')}.test")
    key = DkimKey.objects.get(selector="s1", domain=domain)
    assert (key.selector, key.active_at) == ("s1", None)
    assert b"PRIVATE KEY" not in bytes(key.private_sealed)
    assert unseal(bytes(key.private_sealed), purpose="dkim").startswith(b"-----BEGIN PRIVATE KEY")


@pytest.mark.parametrize(
    "spelling", ["{name}", "{upper}", "{name}.", " {name} "], ids=["same", "upper", "dot", "spaces"]
)
def test_a_hosted_name_is_refused_in_every_spelling(
    spelling: str, world: World, rival: Tenant
) -> None:
    text = spelling.format(name=world.domain.name, upper=world.domain.name.upper())
    with pytest.raises(DomainTaken) as refused:
        register_domain(actor=acting(rival), tenant=rival, name=text)
    assert refused.value.field == "name"
    with pytest.raises(DomainListed):
        register_domain(actor=acting(world.tenant), tenant=world.tenant, name=text)


def test_the_punycode_twin_of_a_hosted_name_is_the_same_name(
    world: World, rival: Tenant, admin: Actor
) -> None:
    label = unique("hộp")
    domain = register_domain(actor=admin, tenant=world.tenant, name=f"{label}.test")
    assert domain.name.startswith("xn--")
    for twin in (domain.name, f"{label}.test".upper()):
        with pytest.raises(DomainTaken):
            register_domain(actor=acting(rival), tenant=rival, name=twin)


def test_nobody_gets_a_name_below_or_above_somebody_elses(world: World, rival: Tenant) -> None:
    with pytest.raises(DomainOverlaps):
        register_domain(actor=acting(rival), tenant=rival, name=f"thu.{world.domain.name}")
    with pytest.raises(DomainOverlaps):
        register_domain(actor=acting(rival), tenant=rival, name=f"a.b.c.{world.domain.name}")
    deep = f"mail.{unique('v')}.test"
    register_domain(actor=acting(world.tenant), tenant=world.tenant, name=deep)
    with pytest.raises(DomainOverlaps):
        register_domain(actor=acting(rival), tenant=rival, name=deep.partition(".")[2])


def test_a_name_that_only_ends_alike_is_free(world: World, rival: Tenant) -> None:
    made = register_domain(actor=acting(rival), tenant=rival, name=f"x{world.domain.name}")
    assert made.tenant_id == rival.pk


def test_ones_own_subdomain_is_fine(world: World, admin: Actor) -> None:
    made = register_domain(actor=admin, tenant=world.tenant, name=f"thu.{world.domain.name}")
    assert made.status == DomainStatus.PENDING


@pytest.mark.parametrize("name", ["localhost", "co.uk", "com.vn", "192.0.2.1", "a..b", "😀.test"])
def test_what_is_no_name_is_refused_at_its_field(name: str, world: World, admin: Actor) -> None:
    with pytest.raises(NameRefused) as refused:
        register_domain(actor=admin, tenant=world.tenant, name=name)
    assert refused.value.field == "name"
    assert Domain.objects.filter(tenant=world.tenant).count() == 1


def test_the_operators_own_names_are_for_the_operator(world: World, admin: Actor) -> None:
    own = stack().operator_domain
    for name in (own, f"x.{own}", stack().mail_hostname):
        with pytest.raises(DomainOfOperator):
            register_domain(actor=admin, tenant=world.tenant, name=name)
    free = register_domain(
        actor=acting(operator_tenant(), Role.OPERATOR),
        tenant=operator_tenant(),
        name=f"{unique('op')}.{own}",
    )
    assert free.name.endswith(own)


def test_the_plan_says_how_many(world: World, admin: Actor, plan: Callable[..., object]) -> None:
    plan(max_domains=2)
    register_domain(actor=admin, tenant=world.tenant, name=f"{unique('a')}.test")
    with pytest.raises(LimitReached, match=r"max_domains") as refused:
        register_domain(actor=admin, tenant=world.tenant, name=f"{unique('b')}.test")
    assert "2" in str(refused.value.message)


def test_a_resellers_customers_together_stay_within_his_contract(
    world: World, admin: Actor, plan: Callable[..., object]
) -> None:
    plan(world.reseller, max_domains=1)
    with pytest.raises(LimitReached) as refused:
        register_domain(actor=admin, tenant=world.tenant, name=f"{unique('b')}.test")
    assert "provider" in str(refused.value.message)


@pytest.mark.parametrize("role", [Role.HELP_DESK, Role.AUDITOR])
def test_roles_that_only_look_register_nothing(role: Role, world: World) -> None:
    with pytest.raises(NotAllowed):
        register_domain(
            actor=acting(world.tenant, role), tenant=world.tenant, name=f"{unique('x')}.test"
        )


def test_an_admin_of_another_company_registers_nothing_here(world: World, rival: Tenant) -> None:
    with pytest.raises(NotAllowed):
        register_domain(actor=acting(rival), tenant=world.tenant, name=f"{unique('x')}.test")
