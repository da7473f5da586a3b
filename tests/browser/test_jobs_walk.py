"""An admin imports a table and changes a whole selection, in a real browser on the running stack."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.models import Role
from domains.models import Mailbox
from domains.services.set_alias import create_alias
from tests.domains.conftest import acting
from tests.world import Person, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def portal(live: World, signed_in: Callable[[Person], Page]) -> Page:
    """The company's admin, signed in."""
    return signed_in(live.admin_of(live.tenant, Role.COMPANY_ADMIN))


def clean(page: Page) -> None:
    """Fail on anything axe finds."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def upload(page: Page, live: World, table: str) -> None:
    page.goto(f"/portal/{live.tenant.pk}/jobs/import/")
    page.locator("input[type=file]").set_input_files(
        {"name": "nhân viên.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Preview: nhân viên.csv", timeout=20_000
    )


def test_a_table_is_mended_imported_and_taken_back(portal: Page, live: World) -> None:
    d = live.domain.name
    portal.goto(f"/portal/{live.tenant.pk}/jobs/import/")
    clean(portal)
    upload(
        portal,
        live,
        f"Họ tên;Địa chỉ;Dung lượng\nTrần Hà;ha@{d};5 GB\nTrịnh Ngẫu;ngẫu@{d};5 GB\n"
        f"Phan Ngân;ngan@{d};1O GB\n",
    )
    clean(portal)
    expect(portal.locator("tr.is-error")).to_have_count(2)
    portal.get_by_role("button", name=f"Use “ngau@{d}”").click()
    expect(portal.locator("tr.is-error")).to_have_count(1)
    portal.get_by_label("Storage in line 4").fill("10 GB")
    portal.get_by_role("button", name="Save and check again").click()
    expect(portal.get_by_text("Every row can be imported.")).to_be_visible()
    portal.get_by_role("button", name="Import 3 rows").click()
    expect(portal.get_by_text("3 of 3 rows")).to_be_visible(timeout=20_000)
    expect(portal.get_by_role("button", name="Take back")).to_be_visible(timeout=20_000)
    clean(portal)
    assert Mailbox.objects.filter(tenant=live.tenant).count() == 3
    with portal.expect_download() as caught:
        portal.get_by_role("link", name="Result as CSV").click()
    rows = list(csv.DictReader(io.StringIO(caught.value.path().read_text("utf-8-sig"))))
    assert [row["Link"].startswith("http") for row in rows] == [True, True, True]
    portal.get_by_role("button", name="Take back").click()  # asks first: it deletes
    portal.get_by_label("Delete its unused mailboxes at once").check()
    assert Mailbox.objects.filter(tenant=live.tenant).count() == 3
    portal.get_by_role("button", name="Take back").click()
    expect(portal.get_by_text("Done", exact=True).first).to_be_visible(timeout=20_000)
    portal.goto(f"/portal/{live.tenant.pk}/jobs/")
    expect(portal.locator("tbody tr")).to_have_count(2)
    clean(portal)


def test_all_that_match_are_selected_over_pages_and_suspended(portal: Page, live: World) -> None:
    for number in range(60):
        live.person(f"many{number:02d}")
    live.person("other")
    portal.goto(f"/portal/{live.tenant.pk}/mailboxes/?q=many")
    bar = portal.locator("[data-selection]")
    expect(bar).to_be_hidden()
    portal.locator("[data-select-page]").check()
    expect(bar).to_contain_text("Selected: 50")
    portal.get_by_label("Select all 60 that match").check()
    expect(bar).to_contain_text("Selected: 60")
    clean(portal)
    portal.get_by_role("button", name="Suspend").click()
    expect(portal.get_by_text("60 selected rows")).to_be_visible()
    clean(portal)
    portal.get_by_role("button", name="Suspend mailboxes (60)").click()
    expect(portal.get_by_text("60 of 60 rows")).to_be_visible(timeout=20_000)
    suspended = Mailbox.objects.filter(tenant=live.tenant, status="suspended")
    assert suspended.count() == 60
    portal.get_by_role("button", name="Take back").click(timeout=20_000)
    expect(portal.get_by_text("60 of 60 rows")).to_be_visible(timeout=20_000)
    expect(portal.get_by_text("Done", exact=True).first).to_be_visible(timeout=20_000)
    assert not suspended.exists()


def test_deleting_says_first_what_bounces(portal: Page, live: World) -> None:
    going = live.person()
    actor = acting(live.tenant)
    create_alias(actor=actor, domain=live.domain, localpart="ban", mailboxes=[going.address])
    portal.goto(f"/portal/{live.tenant.pk}/mailboxes/{going.box.pk}/delete/")
    expect(portal.get_by_text("1 other address bounces afterwards")).to_be_visible()
    clean(portal)
    portal.goto(f"/portal/{live.tenant.pk}/aliases/?q=ban")
    portal.get_by_role("link", name=f"ban@{live.domain.name}").click()
    portal.get_by_role("link", name="Delete").click()
    expect(portal.get_by_text("Nothing else points here")).to_be_visible()
    clean(portal)
    portal.get_by_role("button", name="Delete").click()
    expect(portal.get_by_text("was deleted")).to_be_visible()


def test_without_script_a_selection_and_an_import_work_too(
    live: World, new_context: Callable[..., BrowserContext]
) -> None:
    admin = live.admin_of(live.tenant, Role.COMPANY_ADMIN)
    live.person("still")
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(admin.address)
    page.locator("input[type=password]").fill(admin.password)
    page.locator("main form button[type=submit]").first.click()
    page.goto(f"/portal/{live.tenant.pk}/mailboxes/")
    page.locator("input[name=row]").first.check()
    page.get_by_role("button", name="Suspend").click()
    page.get_by_role("button", name="Suspend mailboxes (1)").click()
    for _look in range(200):
        if page.get_by_role("link", name="Show where it stands").count() == 0:
            break
        page.get_by_role("link", name="Show where it stands").click()
    expect(page.get_by_text("1 of 1 rows")).to_be_visible()
    assert Mailbox.objects.get(address__email=f"still@{live.domain.name}").status == "suspended"
