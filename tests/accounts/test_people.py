"""Roles, suspension, passwords and profiles of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.errors import (
    AccountsError,
    EmailTaken,
    LastAdmin,
    NotAllowed,
    WeakPassword,
    WrongPassword,
)
from accounts.models import AccessChange, AuditEvent, Membership, Role, User
from accounts.services.change_profile import change_profile
from accounts.services.change_roles import grant_role, revoke_role
from accounts.services.create_person import create_person
from accounts.services.set_password import change_own_password, set_password
from accounts.services.suspend_person import resume_person, suspend_person
from portal.errors import Conflict
from tests.accounts.conftest import GOOD_PASSWORD, acting
from tests.world import PASSWORD, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world import World


def test_a_role_is_given_once(world: World, admin: Actor) -> None:
    person = world.person().user
    for _ in range(2):
        grant_role(actor=admin, tenant=world.tenant, person=person, role=Role.HELP_DESK)
    assert person.memberships.count() == 1
    event = AuditEvent.objects.get(action="role.grant", target_id=person.pk)
    assert event.changes == {"role": ["", "help_desk"]}


def test_nobody_gives_a_role_he_lacks(world: World, admin: Actor) -> None:
    person = world.person().user
    with pytest.raises(AccountsError):
        grant_role(actor=admin, tenant=world.tenant, person=person, role=Role.OPERATOR)


def test_the_last_admin_keeps_his_role(world: World, admin: Actor) -> None:
    assert admin.user is not None
    with pytest.raises(LastAdmin):
        revoke_role(actor=admin, tenant=world.tenant, person=admin.user, role=Role.COMPANY_ADMIN)


def test_the_seller_may_take_even_the_last_admins_role(
    world: World, admin: Actor, reseller: Actor
) -> None:
    assert admin.user is not None
    assert reseller.user is not None
    revoke_role(
        actor=acting(reseller.user, world.tenant),
        tenant=world.tenant,
        person=admin.user,
        role=Role.COMPANY_ADMIN,
    )
    assert not Membership.objects.filter(user=admin.user).exists()


def test_a_suspended_person_is_out_at_once(world: World, admin: Actor, client: Client) -> None:
    person = world.person()
    client.force_login(person.user)
    assert client.get("/settings/profile/").status_code == 200
    suspend_person(actor=admin, person=person.user)
    assert client.get("/settings/profile/").status_code == 302
    assert AccessChange.objects.filter(mailbox_id=person.box.pk, kick=True).exists()


def test_a_resumed_person_is_in_again(world: World, admin: Actor) -> None:
    person = suspend_person(actor=admin, person=world.person().user)
    resume_person(actor=admin, person=person)
    assert User.objects.get(pk=person.pk).is_active


def test_nobody_suspends_himself(world: World, admin: Actor) -> None:
    assert admin.user is not None
    with pytest.raises(NotAllowed):
        suspend_person(actor=admin, person=admin.user)


def test_suspending_twice_is_a_conflict(world: World, admin: Actor) -> None:
    person = world.person().user
    suspend_person(actor=admin, person=person)
    with pytest.raises(Conflict):
        suspend_person(actor=admin, person=person)


def test_a_help_desk_suspends_nobody(world: World, as_role: Callable[[Role], Actor]) -> None:
    with pytest.raises(NotAllowed):
        suspend_person(actor=as_role(Role.HELP_DESK), person=world.person().user)


def test_a_new_password_ends_other_sessions(world: World, client: Client) -> None:
    person = world.person().user
    elsewhere = Client()
    elsewhere.force_login(person)
    client.force_login(person)
    answer = client.post("/settings/password/", {"current": PASSWORD, "password": GOOD_PASSWORD})
    assert answer.status_code == 302
    assert client.get("/settings/profile/").status_code == 200
    assert elsewhere.get("/settings/profile/").status_code == 302


def test_a_new_password_kicks_mail_programs(world: World) -> None:
    person = world.person()
    set_password(actor=Actor(person.user, world.tenant), person=person.user, password=GOOD_PASSWORD)
    assert AccessChange.objects.filter(mailbox_id=person.box.pk, kick=True).exists()


def test_the_current_password_is_needed(world: World) -> None:
    person = world.person().user
    with pytest.raises(WrongPassword):
        change_own_password(
            actor=Actor(person, world.tenant), current="guess", password=GOOD_PASSWORD
        )


def test_a_help_desk_does_not_set_an_admins_password(
    world: World, as_role: Callable[[Role], Actor]
) -> None:
    boss = world.admin_of(world.tenant, Role.COMPANY_ADMIN).user
    with pytest.raises(NotAllowed):
        set_password(actor=as_role(Role.HELP_DESK), person=boss, password=GOOD_PASSWORD)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password1234",
        "aaaaaaaaaaaaaa",
        "with\nline break 42",
        "null\x00byte is here",
        " outer space 4711",
        "1234567890",
        "x" * 300,
    ],
)
def test_a_weak_password_is_refused_in_words(world: World, password: str) -> None:
    person = world.person().user
    with pytest.raises(WeakPassword) as refusal:
        set_password(actor=Actor.system(), person=person, password=password)
    assert len(str(refusal.value.message)) > 20
    assert refusal.value.field == "password"


def test_a_password_like_the_address_is_refused(world: World) -> None:
    person = world.person().user
    with pytest.raises(WeakPassword):
        set_password(actor=Actor.system(), person=person, password=person.email)


def test_no_password_stands_in_the_log(world: World) -> None:
    person = world.person().user
    set_password(actor=Actor.system(), person=person, password=GOOD_PASSWORD)
    rows = str(list(AuditEvent.objects.filter(tenant_id=world.tenant.pk).values()))
    assert GOOD_PASSWORD not in rows
    assert "argon2" not in rows


def test_an_address_signs_in_as_one_person_only(world: World, admin: Actor) -> None:
    taken = world.person().address
    with pytest.raises(EmailTaken):
        create_person(actor=admin, tenant=world.tenant, email=taken.upper())


def test_a_person_without_a_password_cannot_sign_in(world: World, admin: Actor) -> None:
    email = f"{unique('new')}@elsewhere.test"
    person = create_person(actor=admin, tenant=world.tenant, email=email, name=" An  Lê ")
    assert not person.has_usable_password()
    assert person.name == "An Lê"


def test_a_profile_changes_only_what_is_ones_own(world: World, client: Client) -> None:
    person = world.person().user
    client.force_login(person)
    answer = client.post(
        "/settings/profile/",
        {
            "name": "Mới",
            "language": "vi",
            "timezone": "Europe/Paris",
            "theme": "dark",
            "email": "boss@elsewhere.test",
            "tenant": str(world.reseller.pk),
            "is_active": "",
        },
    )
    assert answer.status_code == 302
    after = User.objects.get(pk=person.pk)
    assert (after.name, after.language, after.timezone, after.theme) == (
        "Mới",
        "vi",
        "Europe/Paris",
        "dark",
    )
    assert (after.email, after.tenant_id, after.is_active) == (person.email, world.tenant.pk, True)


def test_an_unknown_zone_is_refused(world: World, client: Client) -> None:
    client.force_login(world.person().user)
    answer = client.post("/settings/profile/", {"name": "N", "timezone": "../../etc/passwd"})
    assert answer.status_code == 422


def test_a_profile_change_is_recorded(world: World) -> None:
    person = world.person(name="Cũ").user
    change_profile(
        actor=Actor(person, world.tenant), name="Mới", language="en", timezone="", theme=""
    )
    event = AuditEvent.objects.get(action="person.change", target_id=person.pk)
    assert event.changes == {"name": ["Cũ", "Mới"]}
