"""A reseller moves customers here by a file; one's admin comes in by mail and sees what to publish."""

from __future__ import annotations

import csv
import io
import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from accounts.models import Plan, Role, Tenant, TenantKind
from domains.models import Domain
from tests.browser.test_invitation_walk import PASSWORD, letter_to
from tests.browser.test_jobs_walk import clean
from tests.conftest import sign_in, until
from tests.world import plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page

    from portal.config import Stack
    from tests.world import World

pytestmark = pytest.mark.browser


def test_customers_come_from_a_file_and_an_admin_sees_his_records(
    live: World, page: Page, new_context: Callable[..., BrowserContext], stack: Stack
) -> None:
    d, guest = unique("kh"), f"{unique('guest')}@partner.test"
    sign_in(page, live.admin_of(live.reseller, Role.RESELLER))
    page.goto(f"/portal/{live.reseller.pk}/tenants/")
    page.get_by_role("link", name="Import", exact=True).click()
    expect(page.get_by_label("Customers")).to_be_checked()
    clean(page)
    table = (
        "Customer;Domains;Admin's name;Admin's mail address;Language\n"
        f"{d} Một;{d}1.vn;An Trần;{guest};en\n"
        f"{d} Hai;{live.domain.name};;hai@partner.test;vi\n"
        f"{d} Ba;https://{d}3.vn;;ba@partner.test;vi\n"
    )
    page.locator("input[type=file]").set_input_files(
        {"name": "khách.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator("tr.is-error")).to_have_count(2, timeout=20_000)
    clean(page)
    page.get_by_role("button", name=f"Use “{d}3.vn”").click()
    expect(page.locator("tr.is-error")).to_have_count(1)
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_text("3 of 3 rows")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("link", name="Result as CSV")).to_be_visible(timeout=20_000)
    clean(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Result as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert [row["Result"] for row in rows] == ["Done", "Cannot be imported", "Done"]
    token = Domain.objects.get(name=f"{d}1.vn").ownership_token
    assert rows[0]["TXT record"] == f"_hopthu.{d}1.vn"
    assert rows[0]["Value"] == f"hopthu-verify={token}"
    assert not Tenant.objects.filter(name=f"{d} Hai").exists()

    arrived = until(lambda: letter_to(stack, guest), seconds=30, what="the invitation by mail")
    assert arrived is not None
    body = message_from_bytes(arrived.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    found = re.search(r"http\S+/invitation/\S+", body.get_content())
    assert found is not None
    assert found.group() == rows[0]["Link"]

    theirs = new_context().new_page()
    theirs.goto(found.group())
    expect(theirs.get_by_label("Your name")).to_have_value("An Trần")
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Accept and sign in").click()
    theirs.get_by_role("link", name="Domains", exact=True).first.click()
    theirs.get_by_role("link", name=f"{d}1.vn").first.click()
    expect(theirs.get_by_text(f"hopthu-verify={token}").first).to_be_visible()


def test_many_customers_are_put_on_another_plan_and_back(live: World, page: Page) -> None:
    plan = Plan.objects.create(tenant=live.reseller, name="Small", max_mailboxes=1)
    for _number in range(60):
        plant(Tenant(parent=live.reseller, kind=TenantKind.COMPANY, name=unique("kh many ")))
    live.person()
    live.person()
    sign_in(page, live.admin_of(live.reseller, Role.RESELLER))
    page.goto(f"/portal/{live.reseller.pk}/tenants/")
    page.locator("[data-select-page]").check()
    expect(page.locator("[data-selection]")).to_contain_text("Selected: 50")
    page.get_by_label("Select all 61 that match").check()
    clean(page)
    page.get_by_role("button", name="Change plan").click()
    expect(page.get_by_text("61 selected rows")).to_be_visible()
    clean(page)
    page.get_by_label("Plan", exact=True).select_option("Small")
    page.get_by_role("button", name="Change plan (61)").click()
    expect(page.get_by_text("61 of 61 rows")).to_be_visible(timeout=20_000)
    assert plan.tenants.count() == 61
    expect(page.get_by_text("Mailboxes: 2 of 1")).to_be_visible(timeout=20_000)
    clean(page)
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Takes back:")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=20_000)
    assert plan.tenants.count() == 0
