"""One walk: Bình writes to a colleague and to other companies and sees what becomes of each letter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from delivery.models import Outcome, OutcomeState, QueueIdSeen, Submission, SubmissionState
from demo.box.records import publish
from tests.conftest import sign_in, until
from tests.wire.mail import kept_by_partner, messages
from webmail.models import SentCopy, SentCopyState

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import FrameLocator, Locator, Page

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.browser

TABLE = "Bảng giá tháng 12.csv"
PARTNERS = tuple(f"{name}@partner.test" for name in ("echo", "no", "slow", "cut"))


@pytest.fixture
def binh(live: World, stack: Stack) -> Person:
    """A member of staff whose company other companies find by DNS."""
    publish(live.domain.name, "MX", f"10 {stack.mail_hostname}.")
    publish(live.domain.name, "TXT", f"v=spf1 include:_spf.{stack.operator_domain} -all")
    return live.person(name="Nguyễn Văn Bình")


@pytest.fixture
def chi(live: World) -> Person:
    return live.person(name="Lê Thảo Chi")


def body(page: Page) -> Locator:
    frame: FrameLocator = page.frame_locator(".composer__frame").last
    return frame.locator("body")


def dock(page: Page) -> Locator:
    return page.locator(".composer--dock.is-live").last


def begins_a_letter(page: Page, to: str, subject: str, text: str) -> None:
    page.locator(".folders [data-compose]").click()
    recipient = dock(page).locator("[data-recipients=to] input[role=combobox]")
    recipient.fill(f"{to},")
    dock(page).get_by_placeholder("Subject").fill(subject)
    body(page).click()
    page.keyboard.type(text)


def letter_of(person: Person, subject: str) -> Submission:
    found = until(
        lambda: Submission.objects.filter(mailbox=person.box, subject=subject).first(),
        what=f"the row of {subject}",
    )
    assert found is not None
    return found


def outgoing(page: Page, subject: str) -> Locator:
    """Return what the outbox shows of a letter, wherever it stands."""
    return page.locator("#outgoing :is(article, tr)", has_text=subject)


def writes_to_chi_with_a_file(page: Page, binh: Person, file: Path) -> None:
    """The letter keeps itself in Drafts while it is written; the colleague's name is enough."""
    page.locator(".folders [data-compose]").click()
    recipient = dock(page).locator("[data-recipients=to] input[role=combobox]")
    recipient.press_sequentially("thao c")
    page.get_by_role("option", name=re.compile("Lê Thảo Chi")).click()
    dock(page).get_by_placeholder("Subject").fill("Bảng giá")
    body(page).click()
    page.keyboard.type("Chi xem giúp anh bảng giá kèm theo.")
    page.set_input_files("[data-file-input]", [file])
    expect(dock(page).locator("[data-file]")).to_contain_text(TABLE)
    expect(dock(page).locator("[data-saved]")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    expect(page.locator('.folders [data-key="drafts"] .nav-item__count')).to_have_text("1")


def sends_in_one_transaction(page: Page, binh: Person, chi: Person) -> None:
    """One click, one transaction: who sees the message sees its envelope and what follows too."""
    dock(page).locator("[data-send]").click()
    row = letter_of(binh, "Bảng giá")
    assert row.body.mime
    assert [one.recipient for one in row.outcomes.all()] == [chi.address]
    assert SentCopy.objects.filter(submission=row, state=SentCopyState.WAITING).exists()
    expect(page.locator("[data-sent-toast]")).to_contain_text("Undo")
    page.locator("[data-sent-toast]").get_by_role("link", name="View").click()
    expect(outgoing(page, "Bảng giá")).to_contain_text("Can still be taken back")
    page.get_by_role("button", name="Send now").click()
    expect(outgoing(page, "Bảng giá")).to_contain_text("In the mailbox", timeout=20_000)


def chi_has_it_at_once(page: Page, content: bytes) -> None:
    """The colleague's open inbox shows it by itself, with the file."""
    expect(page.locator(".message-row")).to_have_count(1, timeout=10_000)
    expect(page.locator(".message-row")).to_contain_text("Bảng giá")
    assert page.evaluate("window.stays") is True
    page.get_by_role("link", name="Bảng giá").click()
    expect(page.locator(".message__from")).to_contain_text("Nguyễn Văn Bình")
    with page.expect_download() as download:
        page.locator(".attachment").click()
    assert download.value.suggested_filename == TABLE
    assert download.value.path().read_bytes() == content


def chi_answers(page: Page) -> None:
    """Her answer quotes his letter, which is marked as answered."""
    page.locator("[data-reader] [data-reply]").click()
    expect(dock(page).get_by_placeholder("Subject")).to_have_value("Re: Bảng giá")
    body(page).click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Em xem rồi, ổn ạ.")
    page.keyboard.press("Control+Enter")
    page.locator("[data-sent-toast]").get_by_role("link", name="View").click()
    page.get_by_role("button", name="Send now").click()
    page.locator(".folders [data-key=inbox]").click()
    expect(page.locator(".message-row__marks")).to_contain_text("Replied", timeout=20_000)


def binh_reads_the_answer(page: Page, mailbox: imaplib.IMAP4) -> None:
    """It is in his inbox; of what he sent one copy lies in Sent and no draft is left."""
    page.locator(".folders [data-key=inbox]").click()
    expect(page.get_by_role("link", name="Re: Bảng giá")).to_be_visible(timeout=20_000)
    (copy,) = messages(mailbox, "Sent")
    assert [part.get_filename() is not None for part in copy.walk()].count(True) == 1
    assert messages(mailbox, "Drafts") == []


def writes_to_the_partner(page: Page, domain: str) -> None:
    """Five letters leave one after the other."""
    for number, to in enumerate((*PARTNERS, f"nobody@{domain}")):
        begins_a_letter(page, to, f"Hỏi giá {to}", f"Thư số {number}")
        page.keyboard.press("Control+Enter")
        expect(page.locator("form[data-composer]")).to_have_count(0)
        expect(page.locator("[data-sent-toast]")).to_have_count(1)


def the_outbox_tells_each_fate(page: Page, binh: Person, domain: str) -> None:
    """Delivered, deferred, refused, not sent: in words, with what the other server said."""
    page.locator(".folders [data-key=outbox], .folders a[href$='/outbox/']").click()
    for subject, *said in (
        ("echo@partner.test", "Delivered"),
        ("no@partner.test", "Refused at 1 address", "550", "no such person here"),
        ("slow@partner.test", "Their server says: later", "451", "Please try again later"),
        ("cut@partner.test", "Their server says: later", "lost connection"),
        (f"nobody@{domain}", "Not sent", "550"),
    ):
        for words in said:
            expect(outgoing(page, f"Hỏi giá {subject}")).to_contain_text(words, timeout=40_000)


def the_cut_letter_went_once(binh: Person, stack: Stack) -> None:
    """Nobody knows whether a cut line took the letter along; it is Postfix's to repeat, not ours."""
    row = letter_of(binh, "Hỏi giá cut@partner.test")
    assert (row.state, row.attempts) == (SubmissionState.SENT, 1)
    assert QueueIdSeen.objects.filter(message_id=row.message_id).count() == 1
    kept = (stack.data / "outside" / "cut@partner.test").glob("*.eml")
    assert sum(row.message_id.encode() in path.read_bytes() for path in kept) == 1


def the_echo_comes_back(page: Page, binh: Person, stack: Stack) -> None:
    """The partner was found by MX, and finds us by MX: its answer is in the inbox."""
    row = letter_of(binh, "Hỏi giá echo@partner.test")
    outcome = Outcome.objects.get(submission=row)
    assert (outcome.state, outcome.relay.split("[")[0]) == (
        OutcomeState.DELIVERED,
        "mx.partner.test",
    )
    assert kept_by_partner(stack, "echo@partner.test", row.message_id)
    page.locator(".folders [data-key=inbox]").click()
    expect(page.get_by_role("link", name="Re: Hỏi giá echo@partner.test")).to_be_visible(
        timeout=20_000
    )


@pytest.fixture
def of_chi(chi: Person, another_browser: Callable[[Person], Page]) -> Page:
    """Her inbox, open and live in a browser of her own."""
    page = another_browser(chi)
    page.goto("/mail/")
    expect(page.locator("[data-push]")).to_have_attribute("data-push-state", "live")
    page.evaluate("window.stays = true")
    return page


@pytest.fixture
def of_binh(binh: Person, page: Page) -> Iterator[Page]:
    """His inbox; the browser must have nothing to complain about."""
    troubles: list[str] = []
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    sign_in(page, binh)
    page.goto("/mail/")
    yield page
    assert troubles == []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / TABLE
    path.write_text("tuyến;giá\nĐà Nẵng – Osaka;310\n")
    return path


def test_binh_writes_and_sees_what_becomes_of_it(  # noqa: PLR0917  # two people, two pages, one file
    binh: Person,
    chi: Person,
    of_binh: Page,
    of_chi: Page,
    file: Path,
    imap: Callable[[Person], imaplib.IMAP4_SSL],
    stack: Stack,
) -> None:
    page, domain = of_binh, binh.address.partition("@")[2]
    writes_to_chi_with_a_file(page, binh, file)
    sends_in_one_transaction(page, binh, chi)
    chi_has_it_at_once(of_chi, file.read_bytes())
    chi_answers(of_chi)
    assert b"\\Answered" in flags(imap(chi))
    binh_reads_the_answer(page, imap(binh))
    writes_to_the_partner(page, domain)
    the_outbox_tells_each_fate(page, binh, domain)
    the_cut_letter_went_once(binh, stack)
    the_echo_comes_back(page, binh, stack)


def flags(client: imaplib.IMAP4) -> bytes:
    client.select("INBOX", readonly=True)
    return b" ".join(one for one in client.fetch("1", "(FLAGS)")[1] if isinstance(one, bytes))
