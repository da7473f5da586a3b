"""Putting a selection of customers on another plan: each as its page would, and back again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import NotAllowed
from accounts.models import AuditEvent, Plan, Role, Tenant, TenantKind, TenantStatus
from domains.models import Job, JobKind, JobRow, JobState, RoomUsage
from domains.services.begin_job import begin_job, cancel_job, undo_job
from domains.services.run_job import run_job
from domains.services.select_rows import select_rows
from portal.errors import InvalidInput, NotFound
from tests.domains.conftest import acting, ask
from tests.domains.importing import said, states
from tests.world import World, make_world, plant, unique

if TYPE_CHECKING:
    from django.test import Client

    from accounts.actor import Actor

pytestmark = pytest.mark.usefixtures("db")
KIND = JobKind.CUSTOMER_PLAN


@pytest.fixture
def seller(world: World) -> Actor:
    return acting(world.reseller, Role.RESELLER)


@pytest.fixture
def large(world: World) -> Plan:
    return Plan.objects.create(tenant=world.reseller, name="Gói Lớn")


@pytest.fixture
def small(world: World) -> Plan:
    return Plan.objects.create(tenant=world.reseller, name="Gói Nhỏ", max_mailboxes=1)


def customer(world: World, plan: Plan | None = None, **fields: Any) -> Tenant:
    wanted = {"parent": world.reseller, "kind": TenantKind.COMPANY, "name": unique("Khách ")}
    return plant(Tenant(plan=plan, **(wanted | fields)))


def selected(actor: Actor, world: World, ids: list[int] | None = None, **wanted: Any) -> Job:
    return select_rows(actor=actor, tenant=world.reseller, kind=KIND, ids=ids, **wanted)


def done(actor: Actor, job: Job, plan: Plan | None) -> Job:
    begin_job(actor=actor, job=job, plan_id=plan.pk if plan else None)
    run_job(job_id=job.pk)
    return Job.objects.get(pk=job.pk)


def undone(actor: Actor, job: Job) -> Job:
    undo = undo_job(actor=actor, job=job)
    run_job(job_id=undo.pk)
    return Job.objects.get(pk=undo.pk)


def plan_of(tenant: Tenant) -> Plan | None:
    return Tenant.objects.select_related("plan").get(pk=tenant.pk).plan


def test_customers_are_put_on_a_plan_and_back_where_nobody_changed_it_since(
    world: World, seller: Actor, small: Plan, large: Plan
) -> None:
    bare, on_small, on_large = customer(world), customer(world, small), customer(world, large)
    ids = [bare.pk, on_small.pk, on_large.pk]
    job = done(seller, selected(seller, world, ids), large)
    assert (job.state, job.refused) == (JobState.DONE, 0)
    assert [plan_of(one) for one in (bare, on_small, on_large)] == [large] * 3
    assert list(states(job).values()) == ["done", "done", "skipped"]
    event = AuditEvent.objects.get(tenant_id=on_small.pk, action="tenant.plan")
    assert event.changes == {"plan": ["Gói Nhỏ", "Gói Lớn"]}
    assert event.actor_id == seller.user.pk  # type: ignore[union-attr]  # acting() always has one

    Tenant.objects.filter(pk=bare.pk).update(plan=small)
    undo = undone(seller, job)
    assert (undo.kind, undo.state, undo.total, undo.refused) == (KIND, JobState.DONE, 2, 1)
    assert [plan_of(one) for one in (bare, on_small, on_large)] == [small, small, large]
    again = undone(seller, undo)  # what was taken back is done again
    assert (again.refused, plan_of(on_small)) == (0, large)


def test_who_uses_more_keeps_it_as_on_the_customers_own_page_and_the_row_says_so(
    world: World, seller: Actor, small: Plan
) -> None:
    world.person()
    world.person()
    job = done(seller, selected(seller, world, [world.tenant.pk]), small)
    assert plan_of(world.tenant) == small
    assert states(job) == {1: "done"}
    assert "Mailboxes: 2 of 1" in said(job, 1)
    away = done(seller, selected(seller, world, [world.tenant.pk]), None)
    assert (plan_of(world.tenant), said(away, 1)) == (None, "")


def test_before_it_is_confirmed_the_page_says_whom_each_plan_is_too_small_for(
    world: World, seller: Actor, small: Plan, large: Plan, client: Client
) -> None:
    Plan.objects.create(tenant=world.reseller, name="Gói Tí", max_domains=0, max_lists=0)
    partner = customer(world, kind=TenantKind.RESELLER)  # has what its own customer has
    below = customer(world, parent=partner)
    for used, room, tenant in ((2, "max_mailboxes", below), (1, "max_domains", below)):
        RoomUsage.objects.create(tenant=tenant, room=room, used=used)
    world.person()
    world.person()
    unpaid = customer(world, small)  # is on it, so nothing is done
    RoomUsage.objects.create(tenant=unpaid, room="max_mailboxes", used=5)
    assert seller.user is not None
    client.force_login(seller.user)

    def asked(ids: list[int]) -> tuple[list[str], int]:
        path = f"/portal/{world.reseller.pk}/jobs/{selected(seller, world, ids).pk}/"
        with CaptureQueriesContext(connection) as seen:
            page = client.get(path).content.decode()
        return re.findall(r"<li>([^<]* is too small [^<]*)</li>", page), len(seen)

    one, few = asked([world.tenant.pk])
    assert one == [
        "Gói Nhỏ is too small for 1 customer: Mailboxes (1)",
        "Gói Tí is too small for 1 customer: Domains (1)",
    ]
    three, many = asked([world.tenant.pk, partner.pk, unpaid.pk])
    assert three == [
        "Gói Nhỏ is too small for 2 customers: Mailboxes (2)",
        "Gói Tí is too small for 2 customers: Domains (2)",
    ]
    assert asked([unpaid.pk])[0] == []
    assert many == few <= 12


def test_only_ones_own_customers_are_selected(world: World, seller: Actor, large: Plan) -> None:
    partner = customer(world, kind=TenantKind.RESELLER)
    below = customer(world, parent=partner)
    purged = customer(world, status=TenantStatus.PURGED)
    stranger = make_world().tenant
    ids = [partner.pk, below.pk, purged.pk, stranger.pk, world.reseller.pk]
    job = selected(seller, world, ids)
    assert set(job.rows.values_list("target_id", flat=True)) == {partner.pk}
    every = selected(seller, world)
    assert set(every.rows.values_list("target_id", flat=True)) == {partner.pk, world.tenant.pk}
    with pytest.raises(InvalidInput):
        selected(seller, world, [below.pk])
    found = selected(seller, world, part=partner.name, state="resellers")
    assert set(found.rows.values_list("target_id", flat=True)) == {partner.pk}
    # whoever left since is refused in his row
    Tenant.objects.filter(pk=partner.pk).update(status=TenantStatus.PURGED)
    assert states(done(seller, job, large)) == {1: "refused"}


def test_a_plan_of_somebody_else_is_refused(world: World, seller: Actor, large: Plan) -> None:
    foreign = Plan.objects.create(tenant=make_world().reseller, name="Của người khác")
    job = selected(seller, world, [world.tenant.pk])
    with pytest.raises(NotFound):
        begin_job(actor=seller, job=job, plan_id=foreign.pk)
    for typed in (str(foreign.pk), "", "x"):
        answer = ask(seller, f"jobs/{job.pk}/begin/", {"plan": typed})
        assert answer.status_code == 422
    assert Job.objects.get(pk=job.pk).state == JobState.READY
    assert plan_of(world.tenant) is None
    assert ask(seller, f"jobs/{job.pk}/begin/", {"plan": large.pk}).status_code == 302
    run_job(job_id=job.pk)
    assert plan_of(world.tenant) == large


def test_a_plan_that_was_deleted_meanwhile_changes_nobody(
    world: World, seller: Actor, small: Plan, large: Plan
) -> None:
    one = customer(world, small)
    job = done(seller, selected(seller, world, [one.pk]), large)
    small.delete()
    undo = undone(seller, job)
    assert (undo.refused, plan_of(one)) == (1, large)
    late = selected(seller, world, [world.tenant.pk])
    gone = Plan.objects.create(tenant=world.reseller, name="Gói Cũ")
    begin_job(actor=seller, job=late, plan_id=gone.pk)
    gone.delete()
    run_job(job_id=late.pk)
    late.refresh_from_db()
    assert (late.state, plan_of(world.tenant)) == (JobState.FAILED, None)


def test_a_job_that_is_stopped_leaves_the_others_as_they_are(
    world: World, seller: Actor, large: Plan
) -> None:
    job = selected(seller, world, [world.tenant.pk])
    begin_job(actor=seller, job=job, plan_id=large.pk)
    cancel_job(actor=seller, job=job)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, plan_of(world.tenant)) == (JobState.CANCELLED, None)


def test_only_who_may_change_a_customer_may_change_many(world: World, seller: Actor) -> None:
    reader = acting(world.reseller, Role.AUDITOR)
    with pytest.raises(NotAllowed):
        selected(reader, world, [world.tenant.pk])
    assert "data-selection" not in ask(reader, "tenants/").content.decode()  # type: ignore[attr-defined]  # a page
    job = selected(seller, world, [world.tenant.pk])
    with pytest.raises(NotAllowed):
        begin_job(actor=reader, job=job, plan_id=None)
    stranger = acting(make_world().reseller, Role.RESELLER)
    assert ask(stranger, f"jobs/{job.pk}/").status_code == 404
    assert ask(stranger, f"jobs/{job.pk}/begin/", {"plan": "0"}).status_code == 404
    data = {"kind": KIND.value, "row": world.tenant.pk}
    assert ask(stranger, "jobs/selection/", data).status_code == 302  # nothing of his is selected
    assert not JobRow.objects.filter(job__tenant=stranger.tenant).exists()


def test_the_list_offers_ones_own_customers_and_the_page_asks_for_the_plan(
    world: World, seller: Actor, large: Plan
) -> None:
    partner = customer(world, kind=TenantKind.RESELLER)
    below = customer(world, parent=partner)
    shown = ask(seller, "tenants/").content.decode()  # type: ignore[attr-defined]  # a page
    assert below.name in shown
    assert f'name="row" value="{partner.pk}"' in shown
    assert f'name="row" value="{below.pk}"' not in shown
    data = {"kind": KIND.value, "row": partner.pk}
    answer = ask(seller, "jobs/selection/", data)
    job = Job.objects.get(tenant=world.reseller)
    assert answer["Location"] == f"/portal/{world.reseller.pk}/jobs/{job.pk}/"
    asked = ask(seller, f"jobs/{job.pk}/").content.decode()  # type: ignore[attr-defined]  # a page
    assert large.name in asked
    assert partner.name in asked
    nothing = ask(seller, "jobs/selection/", {"kind": KIND.value})
    assert nothing["Location"] == f"/portal/{world.reseller.pk}/tenants/"
