"""The forms of accounts, filled in as a person does."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.checks import rooms_of_the_overview_exist
from accounts.models import Invitation, Membership, Plan, Tenant, User
from accounts.roles import Role
from accounts.services.invite_person import invite_person, make_password_link
from accounts.tasks import clear_sessions
from tests.accounts.conftest import GOOD_PASSWORD
from tests.world import unique

if TYPE_CHECKING:
    from pytest_django import Settings

    from accounts.actor import Actor
    from tests.world import World


@pytest.fixture(autouse=True)
def _mail_in_memory(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []


@pytest.fixture
def seller(reseller: Actor, client: Client) -> Client:
    """A browser where the reseller is signed in."""
    assert reseller.user is not None
    client.force_login(reseller.user)
    return client


def test_a_new_tenant_comes_with_its_invitation(world: World, seller: Client) -> None:
    plan = Plan.objects.create(tenant=world.reseller, name=unique("Plan "))
    name = unique("Bakery ")
    page = seller.post(
        f"/portal/{world.reseller.pk}/tenants/new/",
        {"kind": "company", "name": name, "plan": plan.pk, "admin_email": "an@elsewhere.test"},
    )
    assert page.status_code == 200
    tenant = Tenant.objects.get(name=name)
    assert (tenant.plan, tenant.parent) == (plan, world.reseller)
    assert Invitation.objects.get(tenant=tenant).role == Role.COMPANY_ADMIN
    assert mail.outbox[0].to == ["an@elsewhere.test"]


def test_a_tenant_without_an_admin_is_not_opened(world: World, seller: Client) -> None:
    before = Tenant.objects.count()
    page = seller.post(
        f"/portal/{world.reseller.pk}/tenants/new/",
        {"kind": "company", "name": unique("B "), "admin_email": "nobody"},
    )
    assert page.status_code == 422
    assert "Please give a mail address." in page.content.decode()
    assert Tenant.objects.count() == before


def test_a_tenant_is_put_on_a_foreign_plan_by_nobody(world: World, seller: Client) -> None:
    foreign = Plan.objects.create(tenant=world.tenant, name=unique("Plan "))
    page = seller.post(
        f"/portal/{world.reseller.pk}/tenants/{world.tenant.pk}/plan/", {"plan": foreign.pk}
    )
    assert page.status_code == 422


def test_a_plan_is_written_in_gigabytes(world: World, seller: Client) -> None:
    plans = f"/portal/{world.reseller.pk}/plans/"
    answer = seller.post(
        f"{plans}new/", {"name": "Small", "storage_bytes": "0.5", "trusts_forwarding": "on"}
    )
    assert answer["Location"] == plans
    plan = Plan.objects.get(tenant=world.reseller, name="Small")
    assert (plan.storage_bytes, plan.max_domains) == (500_000_000, None)
    assert plan.trusts_forwarding
    assert 'value="0.5"' in seller.get(f"{plans}{plan.pk}/").content.decode()
    seller.post(f"{plans}{plan.pk}/", {"name": "Small"})
    plan.refresh_from_db()
    assert not plan.trusts_forwarding


def test_a_plan_is_copied_without_its_name(world: World, seller: Client) -> None:
    plan = Plan.objects.create(tenant=world.reseller, name="Original", max_domains=7)
    page = seller.get(f"/portal/{world.reseller.pk}/plans/new/?like={plan.pk}").content.decode()
    assert 'value="7"' in page
    assert 'value="Original"' not in page


def test_a_plans_name_is_taken_once(world: World, seller: Client) -> None:
    Plan.objects.create(tenant=world.reseller, name="Taken")
    page = seller.post(f"/portal/{world.reseller.pk}/plans/new/", {"name": "Taken"})
    assert page.status_code == 422
    assert "already in use" in page.content.decode()


def test_negative_limits_are_refused(world: World, seller: Client) -> None:
    page = seller.post(
        f"/portal/{world.reseller.pk}/plans/new/", {"name": "P", "max_domains": "-1"}
    )
    assert page.status_code == 422


def test_settings_of_the_tenant_are_saved(world: World, seller: Client) -> None:
    page = f"/portal/{world.tenant.pk}/settings/"
    answer = seller.post(
        page, {"name": "Tên mới", "language": "vi", "timezone": "Asia/Tokyo", "plan": "1"}
    )
    assert answer["Location"] == page
    tenant = Tenant.objects.get(pk=world.tenant.pk)
    assert (tenant.name, tenant.language, tenant.timezone) == ("Tên mới", "vi", "Asia/Tokyo")
    assert tenant.plan is None


def test_a_password_link_is_shown_once_and_works(world: World, seller: Client) -> None:
    person = world.person().user
    page = seller.post(f"/portal/{world.tenant.pk}/people/{person.pk}/password/")
    assert "no-store" in page["Cache-Control"]
    path = page.content.decode().split('data-copy="')[1].split('"')[0].partition("/invitation/")[2]
    theirs = Client()
    answer = theirs.post(f"/invitation/{path}", {"password": GOOD_PASSWORD})
    assert answer.status_code == 302
    assert theirs.session["_auth_user_id"] == str(person.pk)
    assert User.objects.get(pk=person.pk).check_password(GOOD_PASSWORD)
    assert Client().get(f"/invitation/{path}").status_code == 404


def test_a_link_of_somebody_suspended_signs_nobody_in(world: World, admin: Actor) -> None:
    person = world.person().user
    link = make_password_link(actor=admin, person=person)
    world.tenant.status = "suspended"
    world.tenant.save(update_fields=["status"])
    theirs = Client()
    answer = theirs.post("/" + link.url.split("/", 3)[3], {"password": GOOD_PASSWORD})
    assert answer["Location"] == "/accounts/inactive/"
    assert "_auth_user_id" not in theirs.session


def test_somebody_known_is_asked_to_sign_in_and_then_joins(world: World, admin: Actor) -> None:
    guest = world.admin_of(world.reseller, Role.AUDITOR).user
    link = invite_person(
        actor=admin, tenant=world.tenant, email=guest.email, role=Role.AUDITOR, mail=False
    )
    path = "/" + link.url.split("/", 3)[3]
    theirs = Client()
    assert "sign in as" in theirs.get(path).content.decode()
    theirs.post(path)
    assert not Membership.objects.filter(user=guest, tenant=world.tenant).exists()
    theirs.force_login(guest)
    answer = theirs.post(path)
    assert answer["Location"] == f"/portal/{world.tenant.pk}/"
    assert Membership.objects.filter(user=guest, tenant=world.tenant).exists()


def test_the_command_makes_an_operator_with_a_link(world: World) -> None:
    said = io.StringIO()
    email = f"{unique('op')}@elsewhere.test"
    call_command("create_operator", email, "--name", "Op", stdout=said)
    person = User.objects.get(email=email)
    assert [m.role for m in person.memberships.all()] == [Role.OPERATOR]
    assert "/invitation/" in said.getvalue()


def test_the_command_reads_a_password_and_refuses_a_weak_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = f"{unique('op')}@elsewhere.test"
    monkeypatch.setattr("sys.stdin", io.StringIO("password1234\n"))
    with pytest.raises(CommandError):
        call_command("create_operator", email, "--ask-password")
    assert not User.objects.filter(email=email).exists()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{GOOD_PASSWORD}\n"))
    call_command("create_operator", email, "--ask-password", stdout=io.StringIO())
    assert User.objects.get(email=email).check_password(GOOD_PASSWORD)


def test_old_sessions_are_cleared(world: World) -> None:
    Session.objects.create(
        session_key=unique("s")[:40],
        session_data="",
        expire_date=timezone.now() - timedelta(days=1),
    )
    clear_sessions()
    assert not Session.objects.filter(expire_date__lt=timezone.now()).exists()


def test_a_wrong_name_in_the_settings_is_reported(settings: Settings) -> None:
    assert rooms_of_the_overview_exist() == []
    settings.OVERVIEW = ["nowhere.overview"]
    (error,) = rooms_of_the_overview_exist()
    assert error.id == "accounts.E001"
