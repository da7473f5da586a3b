"""Mai brings a second domain: from the name on the form to the first letter in a mailbox there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Role, User
from demo.box.records import publish, withdraw
from domains.models import DnsCheck, Domain, DomainStatus
from domains.names import parse_domain_name, show_domain
from domains.selectors import expected_records
from tests.conftest import letter, until
from tests.domains.name_server import Mood, NameServer
from tests.wire.mail import ask_recipient, messages, send_from_outside
from tests.world import Person, World, make_world, unique

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Page

    from domains.dns.records import ExpectedRecord
    from portal.config import Stack

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.browser

PASSWORD = "đèn lồng phố Hội 3"
ALL = ("ownership", "mx", "spf", "dkim-s1", "dmarc")


@pytest.fixture
def silent() -> Iterator[NameServer]:
    """A name server that hears every question and answers none."""
    with NameServer() as server:
        server.mood = lambda _name: Mood.SILENT
        yield server


def test_mai_brings_a_second_domain(
    live: World,
    context: BrowserContext,
    signed_in: Callable[[Person], Page],
    stack: Stack,
    imap: Connect,
    silent: NameServer,
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = signed_in(live.admin_of(live.tenant, Role.COMPANY_ADMIN))
    domain = register(page, f"{unique('mai')}.test")
    records = {record.record: record for record in expected_records(domain)}
    address = f"chi@{domain.name}"

    see_what_to_publish(page, records)
    assert ask_recipient(stack, address)[0] == 554, "nothing is hosted before the proof"
    publish_with_one_mistake(page, records)
    assert Domain.objects.get(pk=domain.pk).status == DomainStatus.ACTIVE
    everything_is_right(page, records)
    silence_is_not_absence(page, domain, silent)
    the_clock_looks_by_itself(page, domain, records)

    create_mailbox(page, domain, "chi")
    subject = unique("thu-dau-")
    send_from_outside(stack, address, letter(address, subject=subject))
    owner = User.objects.get(email=address)
    client = imap(Person(owner, password=PASSWORD))
    until(lambda: subject in [one["Subject"] for one in messages(client)], what="the first letter")
    for record in records.values():
        withdraw(record.name, record.rdtype)


def register(page: Page, name: str) -> Domain:
    """Try the names that are refused, each in words at the field, then take the good one."""
    theirs = make_world().domain
    twin = make_world().domain
    twin.name = parse_domain_name(f"{unique('bánh')}.test").a_label
    twin.save(update_fields=["name"])
    page.get_by_role("link", name="Domains", exact=True).click()
    page.get_by_role("link", name="Add domain").first.click()
    taken, overlaps = "already set up in this installation", "belongs to another customer"
    for wanted, words in {
        theirs.name: taken,
        theirs.name.upper(): taken,
        f"thu.{theirs.name}": overlaps,
        show_domain(twin.name): taken,
        "com.vn": "Enter your own name in full",
        "localhost": "only valid inside a network",
    }.items():
        page.get_by_label("Domain name").fill(wanted)
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("#id_name_error")).to_contain_text(words)
        expect(page.get_by_label("Domain name")).to_have_value(wanted)
    page.get_by_label("Domain name").fill(name)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Show that {name} is yours")
    return Domain.objects.get(name=name)


def see_what_to_publish(page: Page, records: dict[str, ExpectedRecord]) -> None:
    """The proof in the wizard, then all five records on the DNS page: copied, and as a zone file."""
    proof = records["ownership"]
    page.get_by_role("button", name="Copy the value").click()
    assert page.evaluate("navigator.clipboard.readText()") == proof.value
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("Not seen yet.")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="All records").click()
    for code in ALL:
        card = page.locator(f"#{code}")
        expect(card.get_by_text("Missing", exact=True)).to_be_visible(timeout=20_000)
        expect(card.get_by_text(records[code].value, exact=True)).to_be_visible()
        expect(card.locator(".dns-record__name").first).to_contain_text(records[code].name)
    page.locator("#mx").get_by_role("button", name="Copy the value").click()
    assert page.evaluate("navigator.clipboard.readText()") == records["mx"].value
    with page.expect_download() as loading:
        page.get_by_role("link", name="Zone file").click()
    zone = loading.value.path().read_text()
    assert all(record.rdtype in zone for record in records.values())
    assert proof.value in zone


def publish_with_one_mistake(page: Page, records: dict[str, ExpectedRecord]) -> None:
    """Four records as they should be and an old SPF: the page says which is which by itself."""
    for code in ("ownership", "mx", "dkim-s1", "dmarc"):
        publish(records[code].name, records[code].rdtype, records[code].value)
    publish(records["spf"].name, "TXT", "v=spf1 include:old.example -all")
    page.get_by_role("button", name="Check now").click()
    spf = page.locator("#spf")
    expect(spf.get_by_text("Conflict", exact=True)).to_be_visible(timeout=20_000)
    expect(spf.get_by_text("v=spf1 include:old.example -all")).to_be_visible()
    expect(page.get_by_role("heading", name="As it should be")).to_be_visible()
    for code in ("ownership", "mx", "dkim-s1", "dmarc"):
        fold = page.locator("details.dns-fold").filter(has_text=records[code].name)
        expect(fold.filter(has_text="Match").first).to_be_visible()
    expect(page.get_by_text("Receives mail; sending is not trustworthy yet")).to_be_visible()


def everything_is_right(page: Page, records: dict[str, ExpectedRecord]) -> None:
    """The mistake is mended; the page turns without a reload."""
    page.evaluate("window.isTheSamePage = true")
    publish(records["spf"].name, "TXT", records["spf"].value)
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("Receives and sends as it should")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("SPF: conflict → match")).to_be_visible()
    assert page.evaluate("window.isTheSamePage")


def silence_is_not_absence(page: Page, domain: Domain, silent: NameServer) -> None:
    """The domain's own name server falls silent: unknown, with the last good state kept."""
    host = f"{unique('ns')}.test"
    publish(host, "A", silent.address)
    publish(domain.name, "NS", f"{host}.")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("heading", name="Could not be checked")).to_be_visible(timeout=30_000)
    assert silent.asked, "the domain's own server was asked"
    expect(page.locator("#mx").get_by_text("Unknown", exact=True)).to_be_visible()
    expect(page.get_by_text("Missing", exact=True)).to_have_count(0)
    expect(page.get_by_text("Receives and sends as it should")).to_be_visible()
    assert Domain.objects.get(pk=domain.pk).status == DomainStatus.ACTIVE
    withdraw(domain.name, "NS")
    withdraw(host, "A")


def the_clock_looks_by_itself(
    page: Page, domain: Domain, records: dict[str, ExpectedRecord]
) -> None:
    """Nobody presses anything: the clock finds that a record is gone, and the open page shows it."""
    withdraw(records["dmarc"].name, "TXT")
    Domain.objects.filter(pk=domain.pk).update(next_check_at=timezone.now())
    expect(page.locator("#dmarc").get_by_text("No such record")).to_be_visible(timeout=90_000)
    assert not DnsCheck.objects.filter(domain=domain).latest("pk").requested_by_person


def create_mailbox(page: Page, domain: Domain, localpart: str) -> None:
    """The first mailbox of the new domain, with a password from Mai."""
    page.get_by_role("link", name="Overview").last.click()
    page.get_by_role("link", name="Add mailbox").click()
    page.get_by_label("Name", exact=True).fill("Lê Thảo Chi")
    page.get_by_label("Address").fill(localpart)
    expect(page.get_by_label("Domain")).to_have_value(str(domain.pk))
    page.get_by_text("By a first password from you").click()
    page.get_by_label("First password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create mailbox").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lê Thảo Chi")
