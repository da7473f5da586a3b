"""Whole walks through the portal, each as one person does it: pages, letters and mail programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from accounts.models import Role
from domains.services.set_forwarder import create_forwarder
from tests.conftest import sign_in, until
from tests.domains.conftest import acting
from tests.world import operator_tenant, unique

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page

    from tests.world import Person, World

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.browser

PASSWORD = "thuyền thúng ra khơi 6"
OVERVIEW = re.compile(r"/portal/\d+/$")


def open_tenant(
    page: Page, name: str, email: str, *, kind: str = "Has domains, mailboxes", admin: str = ""
) -> None:
    """Make a tenant below the one whose pages are open, and invite its admin."""
    page.get_by_role("link", name="Tenants", exact=True).click()
    page.get_by_role("link", name="New tenant").first.click()
    page.get_by_text(kind).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Admin's mail address").fill(email)
    page.get_by_label("Admin's name").fill(admin)
    page.get_by_role("button", name="Open and invite").click()


def test_an_operator_opens_a_company_and_its_admin_comes_in_by_the_letter(
    live: World, page: Page, new_context: Callable[..., BrowserContext], imap: Connect
) -> None:
    # The invited address is nobody's sign-in yet; its mail is read in Thảo's mailbox here.
    thao = live.person(name="Thảo")
    invited = f"giam.doc@{live.domain.name}"
    create_forwarder(
        actor=acting(live.tenant),
        domain=live.domain,
        localpart="giam.doc",
        targets=[thao.address],
    )
    reseller, company = unique("Sao Khuê "), unique("Gốm Chu Đậu ")

    sign_in(page, live.admin_of(operator_tenant(), Role.OPERATOR))
    open_tenant(page, reseller, f"{unique('dai.ly')}@partner.test", kind="Opens companies of his")
    page.get_by_role("link", name=f"Act in {reseller}").click()
    expect(page.get_by_text(f"You act in {reseller}")).to_be_visible()
    open_tenant(page, company, invited, admin="Nguyễn Thị Thảo")
    expect(page.get_by_text(f"An invitation is on its way to {invited}.")).to_be_visible()
    handed_over = page.locator(".copy-field code").inner_text()

    theirs = new_context().new_page()
    sign_in(theirs, thao)
    theirs.goto("/mail/")
    theirs.get_by_role("link", name=company).first.click(timeout=30_000)
    link = theirs.locator(".message").get_by_role("link", name="/invitation/")
    assert link.get_attribute("href") == handed_over
    assert_came_by_postfix(imap(thao), company)

    with theirs.expect_popup() as opening:
        link.click()
    invitation = opening.value
    expect(invitation.get_by_role("heading", name=f"Welcome to {company}")).to_be_visible()
    expect(invitation.get_by_label("You sign in with")).to_have_value(invited)
    expect(invitation.get_by_label("Your name")).to_have_value("Nguyễn Thị Thảo")
    elsewhere = new_context().new_page()  # the same letter, opened on the phone as well
    elsewhere.goto(handed_over)
    invitation.get_by_label("Password").fill(PASSWORD)
    invitation.get_by_role("button", name="Accept and sign in").click()
    invitation.wait_for_url(OVERVIEW)
    expect(invitation.locator("main").get_by_text(company).first).to_be_visible()
    expect(invitation.get_by_role("link", name="Add a domain", exact=True).first).to_be_visible()

    elsewhere.get_by_label("Password").fill("người khác đến sau 5")
    elsewhere.get_by_role("button", name="Accept and sign in").click()
    expect(elsewhere.get_by_role("heading", name="This link no longer works")).to_be_visible()
    theirs.goto(handed_over)
    expect(theirs.get_by_role("heading", name="This link no longer works")).to_be_visible()

    elsewhere.goto("/accounts/login/")
    elsewhere.get_by_label("Email").fill(invited)
    elsewhere.get_by_label("Password").fill(PASSWORD)
    elsewhere.get_by_role("button", name="Sign in").click()
    elsewhere.wait_for_url(OVERVIEW)


def test_somebody_with_a_mailbox_here_is_invited_and_keeps_his_sign_in(
    live: World, page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    thao, company = live.person(name="Thảo"), unique("Lụa Mã Châu ")
    sign_in(page, live.admin_of(live.reseller, Role.RESELLER))
    open_tenant(page, company, thao.address)
    expect(page.get_by_text(f"An invitation is on its way to {thao.address}.")).to_be_visible()

    theirs = new_context().new_page()
    sign_in(theirs, thao)
    theirs.goto("/mail/")
    theirs.get_by_role("link", name=company).first.click(timeout=30_000)
    with theirs.expect_popup() as opening:
        theirs.locator(".message").get_by_role("link", name="/invitation/").click()
    invitation = opening.value
    expect(invitation.get_by_role("heading", name=f"Join {company}")).to_be_visible()
    invitation.get_by_role("button", name="Accept").click()
    expect(invitation.get_by_role("link", name="Add a domain", exact=True).first).to_be_visible()
    invitation.go_back()
    invitation.reload()
    expect(invitation.get_by_role("heading", name="This link no longer works")).to_be_visible()


def assert_came_by_postfix(client: imaplib.IMAP4_SSL, company: str) -> None:
    """Assert that the letter carries our own Postfix's mark, with the submission's sign-in."""

    def headers() -> bytes:
        client.select("INBOX", readonly=True)
        _ok, found = client.fetch("1:*", "(BODY.PEEK[HEADER])")
        for part in found:
            if isinstance(part, tuple) and b"no-reply@" in part[1]:
                return part[1]
        return b""

    raw = until(headers, what=f"the invitation to {company}")
    assert b"(Postfix)" in raw
    assert b"ESMTPSA" in raw or b"ESMTPA" in raw
