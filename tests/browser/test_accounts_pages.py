"""The pages of accounts in a real browser: with and without scripts, by keyboard, under the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.roles import Role
from tests.conftest import sign_in
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page

    from tests.world import World

pytestmark = pytest.mark.browser


def test_signing_in_and_out_works_without_scripts(
    live: World, new_context: Callable[..., BrowserContext]
) -> None:
    person = live.admin_of(live.tenant, Role.COMPANY_ADMIN)
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    assert page.url.endswith(f"/portal/{live.tenant.pk}/")
    page.locator("[popovertarget=account-menu]").click()
    page.get_by_role("button", name="Sign out").click()
    assert page.url.endswith("/accounts/login/")
    page.goto(f"/portal/{live.tenant.pk}/")
    assert "/accounts/login/" in page.url


def test_the_theme_turns_at_once_and_stays(live: World, page: Page) -> None:
    sign_in(page, live.admin_of(live.tenant, Role.COMPANY_ADMIN))
    with page.expect_response(lambda answer: answer.url.endswith("/theme/")):
        page.get_by_role("button", name="Switch between light and dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_the_search_narrows_the_list_while_typing(live: World, page: Page) -> None:
    sign_in(page, live.admin_of(live.reseller, Role.RESELLER))
    page.goto(f"/portal/{live.reseller.pk}/tenants/")
    page.get_by_label("Search tenants").press_sequentially("zzzz")
    page.get_by_text("No tenant matches").wait_for()
    assert "q=zzzz" in page.url
    assert page.get_by_label("Search tenants").input_value() == "zzzz"


def test_the_eye_shows_the_password(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Password").fill("what is it")
    page.get_by_role("button", name="Show password").click()
    assert page.locator("#id_password").get_attribute("type") == "text"


def test_the_keyboard_reaches_the_content_first(live: World, page: Page) -> None:
    sign_in(page, live.admin_of(live.tenant, Role.COMPANY_ADMIN))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_policy_blocks_nothing_of_our_own(live: World, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    sign_in(page, live.admin_of(live.tenant, Role.COMPANY_ADMIN))
    page.locator("[popovertarget=tenant-menu]").click()
    page.goto("/settings/profile/")
    assert said == []
