"""An admin's first day: invited by mail from outside, in with a password, out when suspended."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from accounts.actor import Actor
from accounts.roles import Role
from accounts.services.change_roles import grant_role
from accounts.services.create_person import create_person
from tests.conftest import sign_in, until
from tests.world import unique

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

    from portal.config import Stack
    from tests.world import World

pytestmark = pytest.mark.browser

PASSWORD = "sáng sớm ra chợ cá 8"


def letter_to(stack: Stack, address: str) -> Path | None:
    """Return the mail that the outside company got for `address`."""
    folder = stack.data / "outside" / address
    return next(iter(sorted(folder.glob("*.eml"))), None) if folder.exists() else None


def test_from_invitation_to_suspension(
    live: World,
    page: Page,
    new_context: Callable[..., BrowserContext],
    stack: Stack,
) -> None:
    guest = f"{unique('guest')}@partner.test"
    sign_in(page, live.admin_of(live.reseller, Role.RESELLER))

    company = unique("Bakery ")
    page.goto(f"/portal/{live.reseller.pk}/tenants/new/")
    page.get_by_label("Name", exact=True).fill(company)
    page.get_by_label("Admin's mail address").fill(guest)
    page.get_by_role("button", name="Open and invite").click()
    page.get_by_role("heading", name=f"{company} is open").wait_for()
    shown = page.locator(".copy-field code").inner_text()

    arrived = until(lambda: letter_to(stack, guest), seconds=30, what="the invitation by mail")
    assert arrived is not None
    letter = message_from_bytes(arrived.read_bytes(), policy=policy.default)
    assert company in letter["Subject"]
    body = letter.get_body(("plain",))
    assert body is not None
    found = re.search(r"http\S+/invitation/\S+", body.get_content())
    assert found is not None
    assert found.group() == shown

    theirs = new_context().new_page()
    theirs.goto(found.group())
    theirs.get_by_label("Your name").fill("An Trần")
    theirs.get_by_label("Password").fill("password1234")
    theirs.get_by_role("button", name="Accept and sign in").click()
    theirs.get_by_text("too common").wait_for()
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Accept and sign in").click()
    theirs.get_by_role("link", name="Add a domain", exact=True).first.wait_for()

    page.get_by_role("link", name=f"Act in {company}").click()
    page.get_by_text(f"You act in {company} for {live.reseller.name}").wait_for()
    page.get_by_role("link", name="People and roles").click()
    page.get_by_role("link", name="An Trần").click()
    page.get_by_role("button", name="Suspend").click()
    page.get_by_text("An Trần is suspended.").wait_for()

    theirs.reload()
    assert "/accounts/login/" in theirs.url
    theirs.get_by_label("Email").fill(guest)
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Sign in").click()
    theirs.get_by_role("heading", name="You cannot sign in at the moment").wait_for()

    again = new_context().new_page()
    again.goto(shown)
    again.get_by_role("heading", name="This link no longer works").wait_for()


def test_a_forgotten_password_is_replaced_by_a_mailed_link(
    live: World, page: Page, stack: Stack
) -> None:
    address = f"{unique('outside')}@partner.test"
    system = Actor.system(live.tenant)
    person = create_person(
        actor=system, tenant=live.tenant, email=address, name="Ngô Xa", password=PASSWORD
    )
    grant_role(actor=system, tenant=live.tenant, person=person, role=Role.AUDITOR)

    page.goto("/accounts/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Mail address").fill(address)
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_role("heading", name="Look at your other mail").wait_for()

    arrived = until(lambda: letter_to(stack, address), seconds=30, what="the link by mail")
    assert arrived is not None
    letter = message_from_bytes(arrived.read_bytes(), policy=policy.default)
    body = letter.get_body(("plain",))
    assert body is not None
    found = re.search(r"http\S+/invitation/\S+", body.get_content())
    assert found is not None

    page.goto(found.group())
    page.get_by_label("Password").fill("ruộng lúa chín vàng 3")
    page.get_by_role("button", name="Save and sign in").click()
    page.wait_for_url(f"**/portal/{live.tenant.pk}/")
