"""Limits: the tenant's own plan, and the contracts above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.errors import NameTaken, NotAllowed, PlanInUse
from accounts.models import AuditEvent, Plan, Tenant
from accounts.selectors import counted_tenant, limits_of, plan_usage
from accounts.services.change_plan import change_plan, create_plan, delete_plan
from accounts.services.lock_limits import lock_limits
from tests.world import operator_tenant, unique

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from accounts.actor import Actor
    from tests.world import World


def put(tenant: Tenant, seller: Tenant, **limits: int) -> Plan:
    plan = Plan.objects.create(tenant=seller, name=unique("Plan "), **limits)
    Tenant.objects.filter(pk=tenant.pk).update(plan=plan)
    return plan


def test_without_plans_there_are_no_limits(world: World) -> None:
    limits = limits_of(world.tenant)
    assert limits.max_mailboxes is None
    assert limits.ceilings == ()


def test_the_own_plan_counts_first(world: World) -> None:
    put(world.tenant, world.reseller, max_mailboxes=60, storage_bytes=300)
    limits = limits_of(world.tenant)
    assert (limits.max_mailboxes, limits.storage_bytes, limits.max_domains) == (60, 300, None)
    assert limits.tenant_path == world.tenant.path


def test_the_contract_above_is_a_ceiling_for_all_below_it(world: World) -> None:
    put(world.tenant, world.reseller, max_mailboxes=60)
    put(world.reseller, operator_tenant(), max_mailboxes=500)
    limits = limits_of(world.tenant)
    assert [(c.tenant_path, c.max_mailboxes) for c in limits.ceilings] == [
        (world.reseller.path, 500)
    ]


def test_a_reseller_uses_what_his_customers_have(world: World) -> None:
    world.person("ha")
    plan = put(world.reseller, operator_tenant(), max_mailboxes=500)
    assert plan_usage(plan) == {"max_domains": 1, "max_mailboxes": 1}
    for tenant in (world.reseller, world.tenant):
        row = vars(counted_tenant(operator_tenant(), tenant.pk))
        assert (row["domain_count"], row["mailbox_count"]) == (1, 1)


def test_limits_cost_one_query(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        limits_of(world.tenant)


def test_locking_returns_the_limits_as_they_are_now(world: World) -> None:
    stale = Tenant.objects.get(pk=world.tenant.pk)
    put(world.tenant, world.reseller, max_domains=3)
    assert lock_limits(stale).max_domains == 3


def test_a_plan_keeps_only_known_limits(world: World, reseller: Actor) -> None:
    plan = create_plan(
        actor=reseller,
        tenant=world.reseller,
        name="Tiny",
        limits={"max_domains": 1, "tenant_id": operator_tenant().pk},
    )
    assert (plan.max_domains, plan.tenant_id) == (1, world.reseller.pk)


def test_a_change_of_limits_is_recorded(world: World, reseller: Actor) -> None:
    plan = create_plan(actor=reseller, tenant=world.reseller, name="A", limits={"max_domains": 1})
    change_plan(actor=reseller, plan=plan, name="A", limits={"max_domains": None})
    event = AuditEvent.objects.get(action="plan.change", target_id=plan.pk)
    assert event.changes == {"max_domains": [1, None]}


def test_two_plans_of_a_seller_have_different_names(world: World, reseller: Actor) -> None:
    create_plan(actor=reseller, tenant=world.reseller, name="A", limits={})
    with pytest.raises(NameTaken):
        create_plan(actor=reseller, tenant=world.reseller, name="A", limits={})


def test_a_plan_in_use_stays(world: World, reseller: Actor) -> None:
    plan = put(world.tenant, world.reseller)
    with pytest.raises(PlanInUse):
        delete_plan(actor=reseller, plan=plan)
    assert Plan.objects.filter(pk=plan.pk).exists()


def test_a_customer_does_not_change_his_plan(world: World, admin: Actor) -> None:
    plan = put(world.tenant, world.reseller)
    with pytest.raises(NotAllowed):
        change_plan(actor=admin, plan=plan, name="Free", limits={})
