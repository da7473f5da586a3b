"""One-time links: kept as a hash, used once, never longer than they live."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from accounts.errors import AccountsError, EmailTaken, InvitationOver, NotAllowed, WeakPassword
from accounts.models import AuditEvent, Invitation, Membership, Role, User
from accounts.services.accept_invitation import (
    accept_invitation,
    choose_password,
    join_by_invitation,
)
from accounts.services.change_roles import ADMINS_CHANGED, revoke_role
from accounts.services.invite_person import (
    hash_of,
    invite_person,
    make_password_link,
    resend_invitation,
    revoke_invitation,
)
from accounts.services.suspend_person import suspend_person
from domains.services.set_alias import create_alias
from portal.config import stack
from portal.errors import Conflict
from tests.accounts.conftest import GOOD_PASSWORD, acting
from tests.world import make_world, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import Settings

    from accounts.services.invite_person import Link
    from tests.world import World


@pytest.fixture(autouse=True)
def _mail_in_memory(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []


def guest() -> str:
    return f"{unique('guest')}@elsewhere.test"


def invite(admin: Actor, world: World, **changes: object) -> Link:
    wanted: dict[str, object] = {"email": guest(), "role": Role.DOMAIN_ADMIN} | changes
    return invite_person(actor=admin, tenant=world.tenant, **wanted)  # type: ignore[arg-type]  # names differ per test


def token_of(link: Link) -> str:
    return link.url.rstrip("/").rpartition("/")[2]


def test_only_the_hash_of_the_token_is_kept(world: World, admin: Actor) -> None:
    link = invite(admin, world)
    token = token_of(link)
    assert len(token) == 43  # 256 bits in base64url
    assert link.invitation.token_sha256 == hash_of(token)
    assert token not in str(Invitation.objects.filter(pk=link.invitation.pk).values())


def test_the_link_is_mailed_and_carries_the_fixed_address(world: World, admin: Actor) -> None:
    link = invite(admin, world)
    (letter,) = mail.outbox
    assert letter.to == [link.invitation.email]
    assert link.url in letter.body
    assert link.url.startswith(f"{stack().url}/invitation/")


def test_accepting_makes_the_person_with_the_role(world: World, admin: Actor) -> None:
    link = invite(admin, world)
    person = accept_invitation(
        invitation=link.invitation, name="Nguyễn Mới", password=GOOD_PASSWORD
    )
    assert person.check_password(GOOD_PASSWORD)
    assert person.tenant == world.tenant
    assert Membership.objects.filter(user=person, role=Role.DOMAIN_ADMIN).exists()
    event = AuditEvent.objects.get(action="invitation.accept", target_id=person.pk)
    assert event.actor_id == person.pk


def test_who_comes_as_an_admin_reads_the_reserved_addresses(
    world: World, admin: Actor, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    link = invite(admin, world)
    with django_capture_on_commit_callbacks() as nudges:
        person = accept_invitation(
            invitation=link.invitation, name="Nguyễn Mới", password=GOOD_PASSWORD
        )
    assert [n.args for n in nudges if getattr(n, "args", ())[:1] == (ADMINS_CHANGED,)]
    with django_capture_on_commit_callbacks() as nudges:
        suspend_person(actor=admin, person=person)
    assert [n.args for n in nudges if getattr(n, "args", ())[:1] == (ADMINS_CHANGED,)]


def test_a_link_works_once(world: World, admin: Actor) -> None:
    link = invite(admin, world)
    accept_invitation(invitation=link.invitation, name="A", password=GOOD_PASSWORD)
    with pytest.raises(InvitationOver):
        accept_invitation(invitation=link.invitation, name="B", password=GOOD_PASSWORD)


def test_a_weak_password_leaves_the_link_unused(world: World, admin: Actor) -> None:
    link = invite(admin, world)
    with pytest.raises(WeakPassword):
        accept_invitation(invitation=link.invitation, name="A", password="password1234")
    assert Invitation.objects.get(pk=link.invitation.pk).accepted_at is None


def test_an_expired_link_is_over(world: World, admin: Actor) -> None:
    link = invite(admin, world)
    Invitation.objects.filter(pk=link.invitation.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    with pytest.raises(InvitationOver):
        accept_invitation(invitation=link.invitation, name="A", password=GOOD_PASSWORD)


def test_a_withdrawn_link_is_over(world: World, admin: Actor, client: Client) -> None:
    link = invite(admin, world)
    revoke_invitation(actor=admin, invitation=link.invitation)
    assert client.get(f"/invitation/{token_of(link)}/").status_code == 404


def test_sending_again_ends_the_first_link(world: World, admin: Actor, client: Client) -> None:
    first = invite(admin, world)
    again = resend_invitation(actor=admin, invitation=first.invitation)
    assert client.get(f"/invitation/{token_of(first)}/").status_code == 404
    assert client.get(f"/invitation/{token_of(again)}/").status_code == 200


def test_an_open_invitation_is_not_doubled(world: World, admin: Actor) -> None:
    email = guest()
    invite(admin, world, email=email)
    with pytest.raises(Conflict):
        invite(admin, world, email=email.upper())


def test_a_member_is_not_invited(world: World, admin: Actor) -> None:
    with pytest.raises(EmailTaken):
        invite(admin, world, email=world.person().address)


def test_nobody_invites_above_himself(world: World, admin: Actor) -> None:
    with pytest.raises(AccountsError):
        invite(admin, world, role=Role.RESELLER)


def test_a_domain_admin_invites_nobody(world: World, as_role: Callable[[Role], Actor]) -> None:
    with pytest.raises(NotAllowed):
        invite(as_role(Role.DOMAIN_ADMIN), world)


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b\r\nBcc: c@d.test", "a\x00@b.test", "a b@c.test"]
)
def test_what_is_no_address_is_refused(world: World, admin: Actor, email: str) -> None:
    with pytest.raises(AccountsError):
        invite(admin, world, email=email)


def test_somebody_known_elsewhere_joins_with_his_own_sign_in(world: World, admin: Actor) -> None:
    stranger = world.admin_of(world.reseller, Role.AUDITOR).user
    link = invite(admin, world, email=stranger.email, role=Role.AUDITOR)
    with pytest.raises(EmailTaken):
        accept_invitation(invitation=link.invitation, name="Me", password=GOOD_PASSWORD)
    join_by_invitation(actor=acting(stranger, world.reseller), invitation=link.invitation)
    assert Membership.objects.filter(user=stranger, tenant=world.tenant).exists()


def test_an_alias_of_somebody_known_invites_that_person(
    world: World, admin: Actor, client: Client
) -> None:
    elsewhere = make_world()
    owner = elsewhere.person()
    alias = create_alias(
        actor=Actor.system(elsewhere.tenant),
        domain=elsewhere.domain,
        localpart="giam.doc",
        mailboxes=[owner.address],
    )
    link = invite(admin, world, email=alias.address.email, role=Role.AUDITOR)
    with pytest.raises(EmailTaken):
        accept_invitation(invitation=link.invitation, name="Me", password=GOOD_PASSWORD)
    client.force_login(owner.user)
    response = client.post(urlsplit(link.url).path)
    assert response["Location"] == f"/portal/{world.tenant.pk}/"
    assert Membership.objects.filter(user=owner.user, tenant=world.tenant).exists()
    with pytest.raises(EmailTaken):
        invite(admin, world, email=alias.address.email)


def test_somebody_else_cannot_join_in_his_place(world: World, admin: Actor) -> None:
    stranger = world.admin_of(world.reseller, Role.AUDITOR).user
    link = invite(admin, world, email=stranger.email, role=Role.AUDITOR)
    with pytest.raises(NotAllowed):
        join_by_invitation(actor=admin, invitation=link.invitation)


def test_who_loses_the_role_leaves_no_open_invitations(world: World, admin: Actor) -> None:
    boss = acting(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user, world.tenant)
    assert boss.user is not None
    link = invite(boss, world)
    revoke_role(actor=admin, tenant=world.tenant, person=boss.user, role=Role.COMPANY_ADMIN)
    assert not Invitation.objects.filter(pk=link.invitation.pk).exists()


def test_a_suspended_admin_leaves_no_open_invitations(world: World, admin: Actor) -> None:
    boss = acting(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user, world.tenant)
    assert boss.user is not None
    link = invite(boss, world)
    suspend_person(actor=admin, person=boss.user)
    assert not Invitation.objects.filter(pk=link.invitation.pk).exists()


def test_a_password_link_ends_the_one_before(world: World, admin: Actor) -> None:
    person = world.person().user
    first = make_password_link(actor=admin, person=person)
    make_password_link(actor=admin, person=person)
    with pytest.raises(InvitationOver):
        choose_password(invitation=first.invitation, password=GOOD_PASSWORD)


def test_a_password_link_lasts_a_day_for_somebody_who_has_one(world: World, admin: Actor) -> None:
    link = make_password_link(actor=admin, person=world.person().user)
    assert link.invitation.expires_at - timezone.now() <= timedelta(hours=24)


def test_the_link_never_stands_in_the_audit_log(world: World, admin: Actor) -> None:
    link = make_password_link(actor=admin, person=world.person().user)
    rows = str(list(AuditEvent.objects.filter(tenant_id=world.tenant.pk).values()))
    assert token_of(link) not in rows
    assert link.invitation.token_sha256 not in rows


def test_a_forged_host_does_not_reach_the_link(world: World, client: Client, admin: Actor) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    form = {"email": guest(), "role": "auditor"}
    path = f"/portal/{world.tenant.pk}/people/invite/"
    assert client.post(path, form, headers={"Host": "evil.test"}).status_code == 421
    assert mail.outbox == []
    page = client.post(path, form, headers={"X-Forwarded-Host": "evil.test"})
    assert page.status_code == 200
    assert "evil.test" not in mail.outbox[0].body
    assert "evil.test" not in re.sub(
        r"<head>.*?</head>", "", page.content.decode(), flags=re.DOTALL
    )


def test_the_page_signs_the_new_person_in(world: World, admin: Actor, client: Client) -> None:
    link = invite(admin, world)
    path = f"/invitation/{token_of(link)}/"
    page = client.get(path)
    assert page["Referrer-Policy"] == "strict-origin"
    answer = client.post(path, {"name": "Nguyễn Mới", "password": GOOD_PASSWORD})
    assert answer.status_code == 302
    person = User.objects.get(email=link.invitation.email)
    assert client.session["_auth_user_id"] == str(person.pk)


def test_the_page_ends_somebody_elses_session_first(
    world: World, admin: Actor, client: Client
) -> None:
    client.force_login(world.person().user)
    before = client.session.session_key
    link = invite(admin, world)
    client.post(f"/invitation/{token_of(link)}/", {"name": "N", "password": GOOD_PASSWORD})
    person = User.objects.get(email=link.invitation.email)
    assert client.session["_auth_user_id"] == str(person.pk)
    assert client.session.session_key != before


def test_fields_that_the_form_does_not_have_are_ignored(
    world: World, admin: Actor, client: Client
) -> None:
    link = invite(admin, world)
    client.post(
        f"/invitation/{token_of(link)}/",
        {
            "name": "N",
            "password": GOOD_PASSWORD,
            "role": "operator",
            "tenant": "1",
            "email": "boss@elsewhere.test",
            "is_active": "0",
        },
    )
    person = User.objects.get(email=link.invitation.email)
    assert [m.role for m in person.memberships.all()] == [Role.DOMAIN_ADMIN]
    assert person.tenant == world.tenant
