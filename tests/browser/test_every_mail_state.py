"""Every page of the webmail in every state: clean for axe in four looks, quiet, never too wide."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from tests.browser.test_every_page import (
    AXE,
    OVERFLOWS,
    RULES,
    RULES_OF_COLOUR,
    WINDOWS,
    complaint,
    failure,
)
from tests.conftest import deliver, letter, sign_in
from tests.delivery.mail import FAR_DAY
from tests.webmail.writing import identity_of, send, writing_of
from webmail.identity import folder_id
from webmail.imap import messages
from webmail.imap.pool import borrow
from webmail.services.save_draft import save_draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.browser

CORPUS = Path(__file__).parent.parent / "corpus"
LETTERS = ("mixed-newsletter", "deceive-links", "mixed-encrypted", "mixed-bounce", "mixed-apple")
LOOKS = (
    {"color_scheme": "light", "forced_colors": "none", "contrast": "no-preference"},
    {"color_scheme": "dark", "forced_colors": "none", "contrast": "no-preference"},
    {"color_scheme": "dark", "forced_colors": "active", "contrast": "no-preference"},
    {"color_scheme": "light", "forced_colors": "none", "contrast": "more"},
)


class Eye:
    """Looks at one page after the other and writes down what is wrong where."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: dict[str, list[str]] = {}
        self.noise: list[str] = []
        page.on("console", lambda message: self.noise.extend(complaint(message, page)))
        page.on("pageerror", lambda error: self.noise.append(str(error)))
        page.on("response", lambda response: self.noise.extend(failure(response)))

    def opens(self, where: str) -> Page:
        """Open an address in the widest window."""
        self.page.set_viewport_size(WINDOWS[0])  # type: ignore[arg-type]  # a plain dict is what it takes
        self.page.goto(where)
        return self.page

    def looks(self, state: str) -> None:
        """Look at the page as it stands now, in every look and both widths."""
        told: list[str] = []
        self.page.evaluate(AXE)
        for number, look in enumerate(LOOKS):
            self.page.emulate_media(**look)  # type: ignore[arg-type]  # a plain dict is what it takes
            for window in WINDOWS[: 2 if number < 2 else 1]:
                self.page.set_viewport_size(window)  # type: ignore[arg-type]
                found = self.page.evaluate(
                    "rules => axe.run({runOnly: rules, resultTypes: ['violations']})"
                    ".then(all => all.violations.map(one => `${one.id}: ${one.nodes[0].html}`))",
                    RULES_OF_COLOUR if number else RULES,
                )
                where = f"{' '.join(look.values())} {window['width']}"
                told += [f"{where}: {one[:200]}" for one in found + self.page.evaluate(OVERFLOWS)]
        self.page.emulate_media(**LOOKS[0])  # type: ignore[arg-type]
        self.page.set_viewport_size(WINDOWS[0])  # type: ignore[arg-type]
        if told or self.noise:
            self.wrong[state] = [*told, *self.noise]
        self.noise.clear()


@pytest.fixture
def hoa(live: World) -> Person:
    return live.person(name="Trần Thị Hoa")


@pytest.fixture
def eye(page: Page, hoa: Person) -> Iterator[Eye]:
    """Hoa before her mail."""
    page.emulate_media(reduced_motion="reduce")
    sign_in(page, hoa)
    eye = Eye(page)
    yield eye
    assert eye.wrong == {}


@pytest.fixture
def mail(hoa: Person) -> Callable[[str], str]:
    return lambda rest: f"/mail/{hoa.box.pk}/{rest}"


def test_reading_pages(eye: Eye, hoa: Person, stack: Stack, mail: Callable[[str], str]) -> None:
    with borrow(identity_of(hoa)) as session:
        for number in range(52):
            messages.append(session, "INBOX", letter(hoa.address, subject=f"{number}").as_bytes())
    with_file = letter(hoa.address, subject="Có tệp")
    with_file.add_attachment(b"x" * 4000, maintype="image", subtype="png", filename="ảnh.png")
    with_file.add_attachment(b"x" * 90, maintype="text", subtype="csv", filename="bảng.csv")
    deliver(stack, hoa.address, with_file)
    for name in LETTERS:
        deliver(stack, hoa.address, (CORPUS / f"{name}.eml").read_bytes())
    inbox = mail(f"f/{folder_id('INBOX')}/")
    page = eye.opens(inbox)
    eye.looks("list")
    first = page.locator(".message-row__open")
    links = [first.nth(n).get_attribute("href") or "" for n in range(len(LETTERS) + 2)]
    page.locator(".message-row__pick").first.click()
    eye.looks("chosen")
    eye.opens(f"{inbox}?page=2")
    eye.looks("second page")
    eye.opens(f"{inbox}?view=starred")
    eye.looks("filter without results")
    eye.opens(mail(f"f/{folder_id('Archive')}/"))
    eye.looks("empty folder")
    for name, link in zip([*reversed(LETTERS), "files", "plain"], links, strict=True):
        eye.opens(link)
        eye.looks(f"message {name}")
    eye.opens(f"{links[len(LETTERS) - 1]}?dark=1")
    eye.looks("dark message")


def test_dialogs_and_search(
    eye: Eye, hoa: Person, stack: Stack, mail: Callable[[str], str]
) -> None:
    for subject in ("Hóa đơn tháng 11", "Hóa đơn tháng 12"):
        deliver(stack, hoa.address, letter(hoa.address, subject=subject))
    page = eye.opens(mail(f"f/{folder_id('INBOX')}/"))
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    eye.looks("keys")
    eye.opens(mail(f"f/{folder_id('INBOX')}/"))
    page.locator(".message-row__open").first.click()
    page.locator("[popovertarget=more-menu]").click()
    eye.looks("menu of a message")
    page.reload()
    page.keyboard.press("v")
    expect(page.locator("[data-move-dialog]")).to_be_visible()
    eye.looks("move")
    page.reload()
    page.locator("[data-reader-form] button[value=archive]").click()
    expect(page.locator(".toast")).to_be_visible()
    eye.looks("toast")
    for name, words in {
        "search": "", "results": "hóa", "none": "khôngcógì", "conditions": "hóa in:inbox is:unread",
        "no such folder": "a in:nowhere", "starred": "is:starred",
    }.items():  # fmt: skip
        eye.opens(f"{mail('search/')}?q={words}")
        eye.looks(f"search: {name}")


def test_writing_pages(eye: Eye, hoa: Person, mail: Callable[[str], str]) -> None:
    page = eye.opens(mail("compose/"))
    expect(page.locator("[data-composer].is-live")).to_be_visible()
    eye.looks("composer")
    page.locator("[data-recipients=to] input[role=combobox]").fill("mai@cty, an@partner.test,")
    page.locator("[data-send]").click()
    expect(page.locator("[data-warnings]")).not_to_be_empty()
    eye.looks("composer with a warning")
    page.get_by_placeholder("Subject").fill("x")
    page.locator("[data-send]").click()
    expect(page.locator("[data-problems=to]")).not_to_be_empty()
    eye.noise.clear()  # a refused form is a 422
    eye.looks("composer with a mistake")
    save_draft(identity_of(hoa), writing=writing_of(hoa, subject="Còn dở"))
    page = eye.opens(mail(f"f/{folder_id('Drafts')}/"))
    eye.looks("drafts")
    page.locator(".message-row__open").first.click()
    expect(page.locator(".composer--dock.is-live")).to_be_visible()
    eye.looks("dock")
    page.get_by_role("button", name="Minimise").click()
    eye.looks("dock, minimised")


OUTBOX: dict[str, tuple[SubmissionState, dict[str, object], OutcomeState | None]] = {
    "giữ lại": (SubmissionState.HELD, {"due_at": timezone.now() + timedelta(seconds=110)}, None),
    "hẹn giờ": (SubmissionState.HELD, {}, None),
    "chờ gửi": (SubmissionState.QUEUED, {}, None),
    "thử lại": (
        SubmissionState.QUEUED,
        {"attempts": 2, "reply_code": 451, "reply_text": "4.3.0 Temporary lookup failure"},
        None,
    ),
    "đang gửi": (SubmissionState.SENDING, {"attempts": 1, "lease_until": FAR_DAY}, None),
    "chưa rõ": (SubmissionState.DOUBT, {"attempts": 1, "doubt_at": timezone.now()}, None),
    "không gửi được": (
        SubmissionState.FAILED,
        {"attempts": 1, "reply_code": 550, "reply_text": "5.1.1 User unknown in virtual mailbox"},
        None,
    ),
    "đã đến": (SubmissionState.SENT, {}, OutcomeState.DELIVERED),
    "bị hoãn": (SubmissionState.SENT, {}, OutcomeState.DEFERRED),
    "bị từ chối": (SubmissionState.SENT, {}, OutcomeState.REFUSED),
}


def test_the_outbox_in_every_state(eye: Eye, hoa: Person, mail: Callable[[str], str]) -> None:
    eye.opens(mail("outbox/"))
    eye.looks("empty outbox")
    for subject, (state, changes, outcome) in OUTBOX.items():
        writing = writing_of(hoa, subject=f"Thư {subject}")
        row = send(hoa, "anh.pham@partner.test", writing=writing, hold=FAR_DAY - timezone.now())
        Submission.objects.filter(pk=row.pk).update(state=state, **changes)
        if outcome:
            Outcome.objects.filter(submission=row).update(
                state=outcome, reply_code=451, enhanced_code="4.7.1", updated_at=timezone.now(),
                reply_text="<anh.pham@partner.test>: Please try again later", relay="mx.partner.test",
            )  # fmt: skip
    page = eye.opens(mail("outbox/"))
    for subject in OUTBOX:
        expect(page.locator("#outgoing")).to_contain_text(f"Thư {subject}")
    eye.looks("outbox")
