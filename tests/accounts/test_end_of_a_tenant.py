"""Who may end a tenant, what stands in the way, and what the pages say."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.errors import AccountsError, NoSuchTenant, NotAllowed
from accounts.models import AuditEvent, Membership, Role, Tenant, TenantKind, TenantStatus
from accounts.selectors import may_sign_in, place_of, tenant_rows
from accounts.services.create_tenant import create_tenant
from accounts.services.purge_tenant import purge_tenant
from accounts.services.suspend_tenant import suspend_tenant
from accounts.services.terminate_tenant import restore_tenant, terminate_tenant
from portal.errors import Conflict
from tests.world import unique

if TYPE_CHECKING:
    from django.test import Client

    from accounts.actor import Actor
    from tests.world import World


def over(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(purge_after=timezone.now() - timedelta(seconds=1))


def test_a_company_admin_cannot_end_his_company(world: World, admin: Actor) -> None:
    with pytest.raises(NotAllowed):
        terminate_tenant(actor=admin, tenant=world.tenant, grace_days=30)


def test_ending_stops_sign_in_and_is_recorded_here_and_above(world: World, reseller: Actor) -> None:
    person = world.admin_of(world.tenant, Role.COMPANY_ADMIN).user
    ended = terminate_tenant(actor=reseller, tenant=world.tenant, grace_days=30, reason="unpaid")
    assert ended.purge_after is not None
    assert timedelta(29) < ended.purge_after - timezone.now() < timedelta(31)
    person.refresh_from_db()
    person.tenant.refresh_from_db()
    assert not may_sign_in(person)
    events = AuditEvent.objects.filter(action="tenant.terminate", target_id=world.tenant.pk)
    assert {event.tenant_id for event in events} == {world.tenant.pk, world.reseller.pk}


def test_undoing_returns_to_suspended_when_it_was_suspended(world: World, reseller: Actor) -> None:
    suspend_tenant(actor=reseller, tenant=world.tenant, refuses_mail=True)
    terminate_tenant(actor=reseller, tenant=world.tenant, grace_days=7)
    back = restore_tenant(actor=reseller, tenant=world.tenant)
    assert (back.status, back.refuses_mail) == (TenantStatus.SUSPENDED, True)


def test_nothing_is_undone_once_the_days_are_over(world: World, reseller: Actor) -> None:
    terminate_tenant(actor=reseller, tenant=world.tenant, grace_days=7)
    over(world.tenant)
    with pytest.raises(Conflict):
        restore_tenant(actor=reseller, tenant=world.tenant)


def test_only_the_periods_offered_are_taken(world: World, reseller: Actor) -> None:
    with pytest.raises(AccountsError):
        terminate_tenant(actor=reseller, tenant=world.tenant, grace_days=-1)


def test_a_reseller_with_customers_stays(world: World, reseller: Actor) -> None:
    below = create_tenant(
        actor=reseller, parent=world.reseller, kind=TenantKind.RESELLER, name=unique("Sub ")
    )
    create_tenant(actor=reseller, parent=below, kind=TenantKind.COMPANY, name=unique("C "))
    with pytest.raises(Conflict) as refusal:
        terminate_tenant(actor=reseller, tenant=below, grace_days=30)
    assert "still has 1 tenant" in str(refusal.value.message)


def test_a_restored_tenant_is_never_purged(world: World, reseller: Actor) -> None:
    terminate_tenant(actor=reseller, tenant=world.tenant, grace_days=7)
    assert not purge_tenant(tenant_id=world.tenant.pk, proof={})
    restore_tenant(actor=reseller, tenant=world.tenant)
    assert not purge_tenant(tenant_id=world.tenant.pk, proof={})
    assert Tenant.objects.get(pk=world.tenant.pk).status == TenantStatus.ACTIVE


def test_a_purged_tenant_is_no_place_any_more_and_frees_its_name(
    world: World, reseller: Actor
) -> None:
    name = unique("Gone ")
    gone = create_tenant(actor=reseller, parent=world.reseller, kind=TenantKind.COMPANY, name=name)
    terminate_tenant(actor=reseller, tenant=gone, grace_days=0)
    over(gone)
    assert purge_tenant(tenant_id=gone.pk, proof={"removed_mailboxes": 0})
    assert reseller.user is not None
    with pytest.raises(NoSuchTenant):
        place_of(reseller.user, gone.pk)
    assert gone not in tenant_rows(world.reseller)
    assert gone in tenant_rows(world.reseller, shown="ended")
    create_tenant(actor=reseller, parent=world.reseller, kind=TenantKind.COMPANY, name=name)


def test_nothing_is_opened_or_restored_below_a_reseller_who_has_ended(
    world: World, reseller: Actor
) -> None:
    below = create_tenant(
        actor=reseller, parent=world.reseller, kind=TenantKind.RESELLER, name=unique("Sub ")
    )
    company = create_tenant(
        actor=reseller, parent=below, kind=TenantKind.COMPANY, name=unique("C ")
    )
    terminate_tenant(actor=reseller, tenant=company, grace_days=30)
    terminate_tenant(actor=reseller, tenant=below, grace_days=30)
    with pytest.raises(Conflict):
        restore_tenant(actor=reseller, tenant=company)
    with pytest.raises(Conflict):
        create_tenant(actor=reseller, parent=below, kind=TenantKind.COMPANY, name=unique("D "))


def test_who_acts_elsewhere_moves_there_and_both_trails_say_so(
    world: World, reseller: Actor
) -> None:
    gone = create_tenant(
        actor=reseller, parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Gone ")
    )
    person = world.admin_of(gone, Role.COMPANY_ADMIN).user
    Membership.objects.create(user=person, tenant=world.tenant, role=Role.AUDITOR)
    terminate_tenant(actor=reseller, tenant=gone, grace_days=0)
    over(gone)
    assert purge_tenant(tenant_id=gone.pk, proof={})
    person.refresh_from_db()
    assert person.tenant == world.tenant
    told = AuditEvent.objects.filter(action="person.rehome", target_id=person.pk)
    assert {event.tenant_id for event in told} == {gone.pk, world.tenant.pk}


def test_the_page_that_ends_a_purged_tenant_is_gone(
    world: World, reseller: Actor, client: Client
) -> None:
    gone = create_tenant(
        actor=reseller, parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Gone ")
    )
    Tenant.objects.filter(pk=gone.pk).update(status=TenantStatus.PURGED)
    assert reseller.user is not None
    client.force_login(reseller.user)
    path = reverse("accounts:tenant-end", args=[world.reseller.pk, gone.pk])
    assert client.get(path).status_code == 404


def test_a_suspension_with_a_wrong_field_stops_nobody(
    world: World, reseller: Actor, client: Client
) -> None:
    assert reseller.user is not None
    client.force_login(reseller.user)
    path = reverse("accounts:tenant-suspend", args=[world.reseller.pk, world.tenant.pk])
    answer = client.post(path, {"mail": "refuse", "reason": "x" * 201})
    assert answer.status_code == 422
    assert Tenant.objects.get(pk=world.tenant.pk).status == TenantStatus.ACTIVE
