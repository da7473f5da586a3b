"""A provider acts in the place of a customer's admin: by consent, with his rights, told, never in mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.test import Client

from accounts.errors import NotAllowed
from accounts.models import AuditEvent, Membership, Role, Tenant, User
from accounts.services.act_as import start_acting_as
from accounts.services.change_tenant import change_tenant
from accounts.services.suspend_person import suspend_person
from tests.accounts.conftest import acting

if TYPE_CHECKING:
    from accounts.actor import Actor
    from tests.world import Person, World


@pytest.fixture
def seller(world: World) -> Actor:
    """The reseller, who acts in the company from above."""
    return acting(world.admin_of(world.reseller, Role.RESELLER).user, world.tenant)


@pytest.fixture
def boss(world: World) -> Person:
    """An admin of the company with a mailbox."""
    return world.person(role=Role.COMPANY_ADMIN)


@pytest.fixture
def agreed(world: World, boss: Person) -> None:
    """The company's consent, given by its own admin."""
    change_tenant(
        actor=acting(boss.user, world.tenant), tenant=world.tenant, lets_provider_act=True
    )
    world.tenant.refresh_from_db()


@pytest.fixture
def browser(seller: Actor) -> Client:
    """The reseller's browser."""
    client = Client()
    assert seller.user is not None
    client.force_login(seller.user)
    return client


def begin(browser: Client, world: World, person: User) -> int:
    return browser.post(f"/portal/{world.tenant.pk}/people/{person.pk}/act-as/").status_code


def test_without_consent_nobody_acts_in_anothers_place(
    world: World, seller: Actor, boss: Person
) -> None:
    with pytest.raises(NotAllowed):
        start_acting_as(actor=seller, tenant=world.tenant, person=boss.user)


def test_the_provider_cannot_give_himself_the_consent(
    world: World, seller: Actor, browser: Client
) -> None:
    with pytest.raises(NotAllowed):
        change_tenant(actor=seller, tenant=world.tenant, lets_provider_act=True)
    browser.post(
        f"/portal/{world.tenant.pk}/settings/",
        {"name": world.tenant.name, "lets_provider_act": "on"},
    )
    assert not Tenant.objects.get(pk=world.tenant.pk).lets_provider_act


@pytest.mark.usefixtures("agreed")
def test_a_colleague_of_the_company_cannot(world: World, boss: Person) -> None:
    other = acting(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user, world.tenant)
    with pytest.raises(NotAllowed):
        start_acting_as(actor=other, tenant=world.tenant, person=boss.user)


@pytest.mark.usefixtures("agreed")
def test_he_has_that_persons_rights_a_banner_and_both_names_in_the_log(
    world: World, seller: Actor, browser: Client
) -> None:
    helper = world.admin_of(world.tenant, Role.HELP_DESK).user
    root, box = f"/portal/{world.tenant.pk}/", world.person().box
    assert begin(browser, world, helper) == 302
    assert mail.outbox[-1].to == [helper.email]
    page = browser.get(root).content.decode()
    assert "You act in the place of" in page
    assert browser.get(f"{root}audit/").status_code == 403
    assert browser.post(f"{root}mailboxes/{box.pk}/suspend/").status_code == 403
    assert browser.post(f"{root}mailboxes/{box.pk}/password-link/").status_code == 200
    event = AuditEvent.objects.get(action="password.link", tenant_id=world.tenant.pk)
    assert seller.user is not None
    assert (event.actor_id, event.acting_as, event.acting_in) == (
        seller.user.pk,
        helper.email,
        world.reseller.name,
    )
    browser.post("/portal/act-as/end/")
    assert browser.get(f"{root}audit/").status_code == 200


@pytest.mark.usefixtures("agreed")
def test_it_never_leads_into_mail_or_into_the_persons_own_settings(
    world: World, seller: Actor, browser: Client, boss: Person
) -> None:
    assert begin(browser, world, boss.user) == 302
    assert browser.get(f"/mail/{boss.box.pk}/").status_code == 404
    assert boss.address not in browser.get("/settings/profile/").content.decode()


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize("end", ["consent", "suspended", "role"])
def test_it_ends_at_once_when_its_ground_is_gone(
    world: World, browser: Client, boss: Person, admin: Actor, end: str
) -> None:
    helper = world.admin_of(world.tenant, Role.HELP_DESK).user
    root = f"/portal/{world.tenant.pk}/"
    begin(browser, world, helper)
    assert browser.get(f"{root}audit/").status_code == 403
    if end == "consent":
        change_tenant(actor=admin, tenant=world.tenant, lets_provider_act=False)
    elif end == "suspended":
        suspend_person(actor=admin, person=helper)
    else:
        Membership.objects.filter(user=helper).delete()
    assert browser.get(f"{root}audit/").status_code == 200


@pytest.mark.usefixtures("agreed")
def test_it_holds_in_that_company_only(
    world: World, seller: Actor, browser: Client, boss: Person
) -> None:
    begin(browser, world, boss.user)
    assert browser.get(f"/portal/{world.reseller.pk}/tenants/").status_code == 200
