"""Signing in and out on the web."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, LoginName, TenantStatus, User
from accounts.services.request_password_link import request_password_link
from portal.config import stack
from tests.accounts.conftest import GOOD_PASSWORD
from tests.world import PASSWORD, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test.client import _MonkeyPatchedWSGIResponse
    from pytest_django import Settings

    from tests.world import World

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _own_counters(settings: Settings) -> Iterator[None]:
    """Count attempts of this test only: in memory, under a name of its own."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": uuid.uuid4().hex,
        }
    }
    yield
    cache.clear()


def enter(
    client: Client, login: str, password: str = PASSWORD, **more: str
) -> _MonkeyPatchedWSGIResponse:
    return client.post(LOGIN, {"login": login, "password": password, **more})


def guess(client: Client, login: str, times: int) -> None:
    """Try `times` different wrong passwords."""
    for number in range(times):
        enter(client, login, f"wrong wrong {number}")


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_own_address_and_password_open_the_door(world: World, client: Client) -> None:
    person = world.person()
    assert enter(client, person.address)["Location"] == "/"
    assert is_in(client)


def test_any_owned_address_signs_in_in_any_case(world: World, client: Client) -> None:
    person = world.person()
    alias = f"{unique('alias')}@{world.domain.name}"
    LoginName.objects.create(address=alias, user=person.user)
    enter(client, f"  {alias.upper()}  ")
    assert client.session["_auth_user_id"] == str(person.user.pk)


def test_the_session_gets_a_new_name(world: World, client: Client) -> None:
    client.get(LOGIN)
    session = client.session
    session["planted"] = "by an attacker"
    session.save()
    client.cookies[_cookie()] = session.session_key or ""
    before = session.session_key or ""
    enter(client, world.person().address)
    assert client.session.session_key != before


def _cookie() -> str:
    from django.conf import settings

    return settings.SESSION_COOKIE_NAME


def test_a_sign_in_is_recorded(world: World, client: Client) -> None:
    person = world.person().user
    client.post(
        LOGIN,
        {"login": person.email, "password": PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.4"},
    )
    event = AuditEvent.objects.get(action="session.start", actor_id=person.pk)
    assert event.ip == "198.51.100.4"  # the last one is what our own proxy saw


def test_unknown_address_and_wrong_password_read_the_same(world: World, client: Client) -> None:
    known = enter(client, world.person().address, "wrong wrong wrong")
    unknown = enter(client, f"{unique('nobody')}@{world.domain.name}", "wrong wrong wrong")
    assert known.status_code == unknown.status_code
    sentence = "The address or the password is not right."
    assert sentence in known.content.decode()
    assert sentence in unknown.content.decode()


def test_an_unknown_address_costs_a_hash_too(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the time tells who exists."""
    from accounts.hashers import Argon2idHasher

    counted: list[str] = []
    encode, verify = Argon2idHasher.encode, Argon2idHasher.verify

    def encoding(self: Argon2idHasher, password: str, salt: str) -> str:
        counted.append("encode")
        return encode(self, password, salt)

    def verifying(self: Argon2idHasher, password: str, encoded: str) -> bool:
        counted.append("verify")
        return verify(self, password, encoded)

    monkeypatch.setattr(Argon2idHasher, "encode", encoding)
    monkeypatch.setattr(Argon2idHasher, "verify", verifying)
    enter(client, world.person().address, "wrong wrong wrong")
    assert counted == ["verify"]
    enter(client, f"{unique('nobody')}@{world.domain.name}", "wrong wrong wrong")
    assert counted == ["verify", "encode"]


def test_ten_wrong_passwords_close_the_door_in_words(world: World, client: Client) -> None:
    person = world.person()
    guess(client, person.address, 10)
    answer = enter(client, person.address)
    assert not is_in(client)
    assert "Please wait a quarter of an hour" in answer.content.decode()


def test_the_same_wrong_password_again_and_again_counts_once(world: World, client: Client) -> None:
    person = world.person()
    for _ in range(12):
        enter(client, person.address, "last year's password")
    enter(client, person.address)
    assert is_in(client)


def test_a_strangers_guesses_do_not_lock_out_a_known_device(world: World, client: Client) -> None:
    person = world.person()
    enter(client, person.address)
    client.post("/accounts/logout/")
    stranger = Client()
    guess(stranger, person.address, 10)
    assert "Please wait" in enter(stranger, person.address).content.decode()
    enter(client, person.address)
    assert is_in(client)


def test_a_known_device_is_not_known_for_somebody_else(world: World, client: Client) -> None:
    enter(client, world.person().address)
    client.post("/accounts/logout/")
    victim = world.person()
    stranger = Client()
    guess(stranger, victim.address, 10)
    assert "Please wait" in enter(client, victim.address).content.decode()


def test_a_forged_device_is_not_known(world: World, client: Client) -> None:
    person = world.person()
    client.cookies[f"hopthu_device_{stack().port}"] = f'["{person.user.pk}","x"]:forged'
    guess(client, person.address, 10)
    assert "Please wait" in enter(client, person.address).content.decode()


def test_a_foreign_host_header_is_not_served(world: World, client: Client) -> None:
    person = world.person()
    answer = client.post(
        LOGIN,
        {"login": person.address, "password": PASSWORD},
        headers={"Host": "evil.test", "X-Forwarded-Host": "evil.test"},
    )
    assert answer.status_code == 421
    assert not is_in(client)


def test_a_right_password_of_a_suspended_person_is_told_why(world: World, client: Client) -> None:
    person = world.person().user
    User.objects.filter(pk=person.pk).update(is_active=False, suspended_at=timezone.now())
    assert enter(client, person.email)["Location"] == "/accounts/inactive/"
    assert not is_in(client)


def test_a_wrong_password_of_a_suspended_person_is_just_wrong(world: World, client: Client) -> None:
    person = world.person().user
    User.objects.filter(pk=person.pk).update(is_active=False, suspended_at=timezone.now())
    answer = enter(client, person.email, "wrong wrong wrong")
    assert "The address or the password is not right." in answer.content.decode()


@pytest.mark.parametrize("which", ["tenant", "reseller"])
def test_nobody_enters_a_suspended_tenant(world: World, client: Client, which: str) -> None:
    person = world.person()
    tenant = getattr(world, which)
    tenant.status = TenantStatus.SUSPENDED
    tenant.save(update_fields=["status"])
    enter(client, person.address)
    assert not is_in(client)


def test_a_session_ends_when_a_tenant_above_is_suspended(world: World, client: Client) -> None:
    client.force_login(world.person().user)
    world.reseller.status = TenantStatus.SUSPENDED
    world.reseller.save(update_fields=["status"])
    assert client.get("/settings/profile/").status_code == 302


@pytest.mark.parametrize(
    "login",
    [
        "a@b.test\r\nX-Injected: yes",
        "a\x00@b.test",
        "\x00",
        "' OR 1=1 --",
        "x" * 5000 + "@b.test",
        "ａ@ｂ.test",
        "🙂@b.test",
    ],
)
def test_strange_names_are_simply_not_right(world: World, client: Client, login: str) -> None:
    answer = enter(client, login, "p\r\n\x00q wrong wrong")
    assert answer.status_code in {200, 400}
    assert "X-Injected" not in answer.headers
    assert not is_in(client)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test/",
        "\\\\evil.test",
        "javascript:alert(1)",
        "http:evil.test",
        "/ok\r\nX: y",
        "https:///evil.test",
    ],
)
def test_the_way_back_never_leaves_the_site(world: World, client: Client, target: str) -> None:
    answer = enter(client, world.person().address, next=target)
    assert answer["Location"] == "/"


def test_the_way_back_leads_to_the_page_asked_for(world: World, client: Client) -> None:
    first = client.get("/settings/profile/")
    assert first["Location"] == "/accounts/login/?next=/settings/profile/"
    answer = enter(client, world.person().address, next="/settings/profile/")
    assert answer["Location"] == "/settings/profile/"


def test_remembering_lasts_longer_than_the_browser(world: World, client: Client) -> None:
    person = world.person()
    enter(client, person.address, remember="on")
    assert client.cookies[_cookie()]["max-age"] == 14 * 86400
    other = Client()
    enter(other, person.address)
    assert other.cookies[_cookie()]["max-age"] == ""


def test_signing_out_needs_a_form_and_clears_the_browser(world: World, client: Client) -> None:
    client.force_login(world.person().user)
    assert client.get("/accounts/logout/").status_code == 405
    answer = client.post("/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_in(client)


def test_a_form_without_its_secret_is_refused_in_words(world: World) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(LOGIN, {"login": "a@b.test", "password": "x"})
    assert answer.status_code == 403
    assert "Please send this again" in answer.content.decode()


def test_there_is_no_sign_up(client: Client) -> None:
    assert client.get("/accounts/signup/").status_code == 404


def test_forgetting_reads_the_same_for_everybody(world: World, client: Client) -> None:
    known = client.post("/accounts/forgot/", {"address": world.person().address})
    unknown = client.post("/accounts/forgot/", {"address": "nobody@nowhere.test"})
    assert known.status_code == unknown.status_code == 200
    assert "Look at your other mail" in known.content.decode()
    assert "Look at your other mail" in unknown.content.decode()


def test_forgetting_too_often_is_stopped(db: None, client: Client) -> None:
    answers = [
        client.post("/accounts/forgot/", {"address": "a@nowhere.test"}).status_code
        for _ in range(4)
    ]
    assert answers == [200, 200, 200, 429]


def test_a_link_goes_only_to_an_outside_address(world: World, settings: Settings) -> None:
    from django.core import mail

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    inside = world.person()
    from accounts.roles import Role

    outside = world.admin_of(world.tenant, Role.COMPANY_ADMIN)
    assert request_password_link(address=inside.address) is False
    assert request_password_link(address=outside.address) is True
    assert [letter.to for letter in mail.outbox] == [[outside.address]]


def test_the_stored_password_is_what_dovecot_reads(world: World) -> None:
    person = world.person().user
    person.set_password(GOOD_PASSWORD)
    assert person.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_each_arrives_where_he_works(world: World) -> None:
    from accounts.roles import Role

    goals = {
        "/mail/": world.person().user,
        "/portal/": world.admin_of(world.tenant, Role.AUDITOR).user,
    }
    for goal, person in goals.items():
        client = Client()
        client.force_login(person)
        assert client.get("/")["Location"] == goal
