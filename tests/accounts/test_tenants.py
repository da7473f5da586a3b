"""Opening, changing and stopping tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.errors import AccountsError, NameTaken, NotAllowed
from accounts.models import AccessChange, AuditEvent, Plan, Tenant, TenantKind, TenantStatus
from accounts.selectors import may_sign_in
from accounts.services.change_tenant import change_tenant, change_tenant_plan
from accounts.services.create_tenant import create_operator_tenant, create_tenant
from accounts.services.suspend_tenant import resume_tenant, suspend_tenant
from portal.errors import Conflict
from tests.accounts.conftest import acting
from tests.world import operator_tenant, unique

if TYPE_CHECKING:
    from accounts.actor import Actor
    from tests.world import World


def open_company(actor: Actor, parent: Tenant, **changes: object) -> Tenant:
    wanted: dict[str, object] = {"kind": TenantKind.COMPANY, "name": unique("New ")} | changes
    return create_tenant(actor=actor, parent=parent, **wanted)  # type: ignore[arg-type]  # names differ per test


def test_the_path_lists_the_ids_from_the_root(world: World, reseller: Actor) -> None:
    tenant = open_company(reseller, world.reseller)
    assert tenant.path == f"{world.reseller.path}{tenant.pk}."
    assert tenant.line == [*world.reseller.line, tenant.pk]


def test_opening_is_recorded_in_both_tenants(world: World, reseller: Actor) -> None:
    tenant = open_company(reseller, world.reseller)
    events = AuditEvent.objects.filter(action="tenant.create", target_id=tenant.pk)
    assert {event.tenant_id for event in events} == {tenant.pk, world.reseller.pk}


def test_a_company_opens_no_tenants(world: World, reseller: Actor) -> None:
    with pytest.raises(AccountsError):
        open_company(reseller, world.tenant)


def test_a_company_admin_opens_no_tenants(world: World, admin: Actor) -> None:
    with pytest.raises(NotAllowed):
        open_company(admin, world.tenant)


def test_a_reseller_opens_nothing_beside_himself(world: World, reseller: Actor) -> None:
    with pytest.raises(NotAllowed):
        open_company(reseller, operator_tenant())


def test_siblings_have_different_names(world: World, reseller: Actor) -> None:
    with pytest.raises(NameTaken):
        open_company(reseller, world.reseller, name=world.tenant.name.upper())


def test_a_second_operator_is_refused(world: World) -> None:
    with pytest.raises(Conflict):
        create_operator_tenant(name="Usurper")


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "line\x07bell", "x" * 121])
def test_a_name_must_be_printable_and_short(world: World, reseller: Actor, name: str) -> None:
    with pytest.raises(AccountsError):
        open_company(reseller, world.reseller, name=name)


def test_line_breaks_in_a_name_become_spaces(world: World, reseller: Actor) -> None:
    """The name stands in subjects of system mail."""
    tenant = open_company(reseller, world.reseller, name="Bad\r\nBcc: x@y.test")
    assert tenant.name == "Bad Bcc: x@y.test"


def test_a_plan_of_somebody_else_is_refused(world: World, reseller: Actor) -> None:
    foreign = Plan.objects.create(tenant=operator_tenant(), name=unique("Plan "))
    with pytest.raises(AccountsError):
        open_company(reseller, world.reseller, plan=foreign)


def test_nobody_raises_his_own_limits(world: World, reseller: Actor) -> None:
    """The reseller's own plan belongs to the operator above him."""
    plan = Plan.objects.create(tenant=operator_tenant(), name=unique("Plan "))
    with pytest.raises(NotAllowed):
        change_tenant_plan(actor=reseller, tenant=world.reseller, plan=plan)


def test_a_change_of_plan_names_both(world: World, reseller: Actor) -> None:
    plan = Plan.objects.create(tenant=world.reseller, name=unique("Plan "))
    change_tenant_plan(actor=reseller, tenant=world.tenant, plan=plan)
    event = AuditEvent.objects.get(action="tenant.plan", tenant_id=world.tenant.pk)
    assert event.changes == {"plan": ["", plan.name]}


def test_a_change_records_before_and_after(world: World, admin: Actor) -> None:
    before = world.tenant.name
    change_tenant(actor=admin, tenant=world.tenant, name="Đổi tên", language="vi")
    event = AuditEvent.objects.get(action="tenant.change", tenant_id=world.tenant.pk)
    assert event.changes == {"name": [before, "Đổi tên"], "language": ["", "vi"]}
    assert (event.actor_id, event.ip, event.request_id) == (
        admin.user.pk if admin.user else None,
        "192.0.2.7",
        "request-1",
    )


def test_a_change_to_the_same_is_no_change(world: World, admin: Actor) -> None:
    change_tenant(actor=admin, tenant=world.tenant, name=world.tenant.name)
    assert not AuditEvent.objects.filter(tenant_id=world.tenant.pk).exists()


def test_suspending_reaches_everybody_below(world: World, reseller: Actor) -> None:
    person = world.person().user
    boss = operator_tenant()
    from accounts.models import Role

    operator = acting(world.admin_of(boss, Role.OPERATOR).user, boss)
    suspend_tenant(actor=operator, tenant=world.reseller, reason="unpaid")
    assert not may_sign_in(type(person).objects.get(pk=person.pk))


def test_suspending_ends_open_sessions_of_every_mailbox(world: World, reseller: Actor) -> None:
    first, second = world.person(), world.person()
    suspend_tenant(actor=reseller, tenant=world.tenant)
    orders = AccessChange.objects.filter(mailbox_id__in=[first.box.pk, second.box.pk], kick=True)
    assert {order.address for order in orders} == {first.address, second.address}


def test_resuming_lets_everybody_in_again(world: World, reseller: Actor) -> None:
    person = world.person().user
    suspend_tenant(actor=reseller, tenant=world.tenant)
    resume_tenant(actor=reseller, tenant=world.tenant)
    assert may_sign_in(type(person).objects.get(pk=person.pk))


def test_nobody_suspends_his_own_tenant(world: World, reseller: Actor, admin: Actor) -> None:
    for actor, tenant in ((reseller, world.reseller), (admin, world.tenant)):
        with pytest.raises(NotAllowed):
            suspend_tenant(actor=actor, tenant=tenant)


def test_suspending_twice_is_a_conflict(world: World, reseller: Actor) -> None:
    suspend_tenant(actor=reseller, tenant=world.tenant)
    with pytest.raises(Conflict):
        suspend_tenant(actor=reseller, tenant=Tenant.objects.get(pk=world.tenant.pk))


def test_a_reseller_acting_below_is_named_in_the_log(world: World, reseller: Actor) -> None:
    assert reseller.user is not None
    suspend_tenant(actor=acting(reseller.user, world.tenant), tenant=world.tenant)
    event = AuditEvent.objects.get(action="tenant.suspend", tenant_id=world.tenant.pk)
    assert event.acting_in == world.reseller.name
    assert Tenant.objects.get(pk=world.tenant.pk).status == TenantStatus.SUSPENDED
