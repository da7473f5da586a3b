"""The portal's domains and mailboxes in a real browser, against the boxed DNS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from accounts.models import Role
from demo.box.records import publish, withdraw
from domains.models import DnsCheck, Domain, Mailbox
from domains.selectors import expected_records
from domains.services.set_alias import create_alias
from tests.domains.conftest import acting
from tests.world import Person, World, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def portal(live: World, signed_in: Callable[[Person], Page]) -> Page:
    """The company's admin, signed in."""
    return signed_in(live.admin_of(live.tenant, Role.COMPANY_ADMIN))


def test_a_domain_is_set_up_while_the_page_watches_the_dns(portal: Page, live: World) -> None:
    name = f"{unique('trinh')}.test"
    portal.goto(f"/portal/{live.tenant.pk}/domains/new/")
    portal.get_by_label("Domain name").fill(name)
    portal.get_by_role("button", name="Continue").click()
    expect(portal.get_by_role("heading", level=1)).to_have_text(f"Show that {name} is yours")
    domain = Domain.objects.get(name=name)
    records = {record.record: record for record in expected_records(domain)}
    expect(portal.get_by_text(records["ownership"].value)).to_be_visible()

    # The page is left alone; the proof is published elsewhere.
    publish(records["ownership"].name, "TXT", records["ownership"].value)
    expect(portal.get_by_role("heading", level=1)).to_contain_text(
        "is yours. Now 4", timeout=60_000
    )

    portal.get_by_role("link", name="All details").click()
    expect(portal.get_by_role("heading", name="To do where")).to_be_visible()
    for record in records.values():
        publish(record.name, record.rdtype, record.value)
    portal.get_by_role("button", name="Check now").click()
    expect(portal.get_by_text("Receives and sends as it should")).to_be_visible(timeout=20_000)
    assert portal.url.endswith("/dns/"), "the page updated itself in place"

    withdraw(records["dmarc"].name, "TXT")
    portal.get_by_role("button", name="Check now").click()
    expect(portal.locator("#dmarc").get_by_text("No such record")).to_be_visible(timeout=20_000)
    expect(portal.get_by_text("DMARC: match → missing")).to_be_visible()
    for record in records.values():
        withdraw(record.name, record.rdtype)


def test_a_mailbox_is_created_and_its_address_comes_from_the_name(
    portal: Page, live: World
) -> None:
    portal.goto(f"/portal/{live.tenant.pk}/mailboxes/new/")
    portal.get_by_label("Name", exact=True).fill("Đỗ Quang Huy")
    expect(portal.get_by_label("Address")).to_have_value("do.quang.huy")
    expect(portal.get_by_label("First password", exact=True)).to_be_hidden()
    portal.get_by_text("By a first password from you").click()
    portal.get_by_label("First password", exact=True).fill("123")
    portal.get_by_role("button", name="Create mailbox").click()
    expect(portal.locator("#id_password_error")).to_be_visible()
    expect(portal.get_by_label("Name", exact=True)).to_have_value("Đỗ Quang Huy")
    portal.get_by_label("First password", exact=True).fill("cá kho tộ miền tây 4")
    portal.get_by_role("button", name="Create mailbox").click()
    expect(portal.get_by_role("heading", level=1)).to_have_text("Đỗ Quang Huy")
    assert Mailbox.objects.filter(address__email=f"do.quang.huy@{live.domain.name}").exists()


def test_the_list_narrows_while_one_types(portal: Page, live: World) -> None:
    live.person("ha.tran", name="Trần Thu Hà")
    live.person("huy.do", name="Đỗ Quang Huy")
    portal.goto(f"/portal/{live.tenant.pk}/mailboxes/")
    search = portal.get_by_role("searchbox", name="Search mailboxes")
    search.press_sequentially("tran thu")
    expect(portal.get_by_text("Đỗ Quang Huy")).to_be_hidden()
    expect(portal.get_by_text("Trần Thu Hà")).to_be_visible()
    expect(search).to_be_focused()
    assert "q=tran" in portal.url
    portal.go_back()
    expect(portal.get_by_text("Đỗ Quang Huy")).to_be_visible()


def test_a_mailbox_is_added_to_an_alias_by_choosing_it(portal: Page, live: World) -> None:
    one, two = live.person(), live.person()
    alias = create_alias(
        actor=acting(live.tenant), domain=live.domain, localpart="info", mailboxes=[one.address]
    )
    portal.goto(f"/portal/{live.tenant.pk}/aliases/{alias.pk}/")
    portal.get_by_label("Find a mailbox").fill(two.address.partition("@")[0])
    expect(portal.locator("datalist option")).to_have_count(1)
    portal.get_by_label("Find a mailbox").fill(two.address)
    expect(portal.get_by_label("Delivers to")).to_have_value(f"{one.address}\n{two.address}")
    portal.get_by_role("button", name="Save").click()
    expect(portal.get_by_text("Saved.")).to_be_visible()
    assert alias.targets.count() == 2


def test_every_page_works_without_script(live: World, browser: object, base_url: str) -> None:
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    admin = live.admin_of(live.tenant, Role.COMPANY_ADMIN)
    page = browser.new_context(java_script_enabled=False, base_url=base_url).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(admin.address)
    page.locator("input[type=password]").fill(admin.password)
    page.locator("main form button[type=submit]").first.click()
    page.goto(f"/portal/{live.tenant.pk}/mailboxes/new/")
    page.get_by_label("Name", exact=True).fill("Trần Thu Hà")
    page.get_by_role("button", name="Create mailbox").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"tran.thu.ha@{live.domain.name}")
    page.get_by_role("link", name="To the mailbox").click()
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("Mail keeps arriving; nobody")).to_be_visible()
    page.goto(f"/portal/{live.tenant.pk}/domains/{live.domain.pk}/dns/")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("button", name=re.compile("Check(ing…| now)"))).to_be_visible()
    assert DnsCheck.objects.filter(domain=live.domain, requested_by_person=True).exists()
    page.context.close()
