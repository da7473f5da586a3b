"""What every page has: request id, headers, language, theme, and no stranger's host name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from accounts.models import User
from accounts.roles import Role
from portal.templatetags.ui import number

if TYPE_CHECKING:
    from tests.world import World

LOGIN = "/accounts/login/"


def test_a_request_has_a_name(client: Client) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", client.get(LOGIN)["X-Request-ID"])


def test_the_name_that_nginx_gave_is_kept(client: Client) -> None:
    given = "0123456789abcdef0123456789abcdef"
    assert client.get(LOGIN, headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "short", "x" * 32, 'a"b' * 8, "0123456789abcdef\r\nX: y"])
def test_a_made_up_name_is_replaced(client: Client, given: str) -> None:
    assert client.get(LOGIN, headers={"X-Request-ID": given})["X-Request-ID"] != given


def test_the_policy_allows_nothing_inline(client: Client) -> None:
    policy = client.get(LOGIN)["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_pages_are_nobody_elses(world: World, client: Client) -> None:
    client.force_login(world.person().user)
    answer = client.get("/settings/profile/")
    assert "private" in answer["Cache-Control"]
    assert "Cookie" in answer["Vary"]


def test_a_forged_host_stands_nowhere_in_the_page(client: Client) -> None:
    answer = client.get(LOGIN, headers={"Host": "evil.test", "X-Forwarded-Host": "evil.test"})
    assert "evil.test" not in answer.content.decode()


def test_the_language_is_remembered_on_the_device(client: Client) -> None:
    answer = client.post("/language/", {"language": "vi", "next": LOGIN})
    assert answer["Location"] == LOGIN
    assert '<html lang="vi"' in client.get(LOGIN).content.decode()


def test_the_language_is_remembered_for_the_person(world: World, client: Client) -> None:
    person = world.person().user
    client.force_login(person)
    client.post("/language/", {"language": "vi"})
    assert User.objects.get(pk=person.pk).language == "vi"


@pytest.mark.parametrize("code", ["xx", "", "../vi", "en\r\nX: y"])
def test_an_unknown_language_changes_nothing(client: Client, code: str) -> None:
    client.post("/language/", {"language": code})
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies


def test_the_tenants_language_greets_a_person_who_chose_none(world: World, client: Client) -> None:
    person = world.person().user
    User.objects.filter(pk=person.pk).update(language="")
    world.tenant.language = "vi"
    world.tenant.save(update_fields=["language"])
    client.force_login(person)
    assert '<html lang="vi"' in client.get("/settings/profile/").content.decode()


def test_the_theme_is_put_into_the_page_by_the_server(client: Client) -> None:
    assert "data-theme" not in client.get(LOGIN).content.decode().split("<head>")[0]
    client.post("/theme/", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get(LOGIN).content.decode()
    client.post("/theme/", {"theme": "toggle"})
    assert 'data-theme="light"' in client.get(LOGIN).content.decode()
    client.post("/theme/", {"theme": ""})
    assert "data-theme" not in client.get(LOGIN).content.decode().split("<head>")[0]


def test_the_theme_of_a_person_goes_with_him(world: World, client: Client) -> None:
    person = world.person().user
    client.force_login(person)
    client.post("/theme/", {"theme": "dark"})
    elsewhere = Client()
    elsewhere.force_login(person)
    assert 'data-theme="dark"' in elsewhere.get("/settings/profile/").content.decode()


@pytest.mark.parametrize("theme", ['"><script>', "blue", "dark\r\nX: y"])
def test_an_unknown_theme_is_the_systems(client: Client, theme: str) -> None:
    client.post("/theme/", {"theme": theme})
    assert "data-theme" not in client.get(LOGIN).content.decode().split("<head>")[0]


def test_times_are_shown_in_the_persons_zone(world: World, client: Client) -> None:
    from datetime import UTC, datetime

    from tests.scene import set_scene

    scene = set_scene(world)
    admin = scene.people["company_admin"]
    User.objects.filter(pk=scene.args["colleague"]).update(
        last_login=datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    )
    User.objects.filter(pk=admin.pk).update(timezone="America/New_York")
    client.force_login(admin)
    page = client.get(f"/portal/{world.tenant.pk}/people/?show=all").content.decode()
    assert 'datetime="2025-12-31T19:30:00-05:00"' in page


def test_the_portal_link_is_only_for_people_with_a_role(world: World) -> None:
    for person, shown in (
        (world.person().user, False),
        (world.admin_of(world.tenant, Role.HELP_DESK).user, True),
    ):
        client = Client()
        client.force_login(person)
        page = client.get("/settings/profile/").content.decode()
        assert ('href="/portal/"' in page) is shown


def test_the_side_shows_only_what_the_role_may_open(world: World, client: Client) -> None:
    client.force_login(world.admin_of(world.tenant, Role.HELP_DESK).user)
    page = client.get(f"/portal/{world.tenant.pk}/").content.decode()
    assert f'href="/portal/{world.tenant.pk}/people/"' in page
    assert f'href="/portal/{world.tenant.pk}/audit/"' not in page


def test_acting_below_is_said_on_every_page(world: World, client: Client) -> None:
    client.force_login(world.admin_of(world.reseller, Role.RESELLER).user)
    below = client.get(f"/portal/{world.tenant.pk}/").content.decode()
    own = client.get(f"/portal/{world.reseller.pk}/").content.decode()
    assert f"You act in <b>{world.tenant.name}</b>" in below
    assert "You act in <b>" not in own


@pytest.mark.parametrize(("language", "shown"), [("vi", "15.000"), ("en", "15,000")])
def test_numbers_are_grouped_as_the_language_does(language: str, shown: str) -> None:
    with translation.override(language):
        assert number(15_000) == shown
        assert number(999) == "999"
