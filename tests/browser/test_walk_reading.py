"""One walk: Bình signs in and reads his mail, beside a bin of 20,000 messages."""

from __future__ import annotations

import re
import time
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from demo.box.pictures import LOG
from tests.conftest import deliver, letter, sign_in
from webmail.identity import folder_id

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from playwright.sync_api import Page

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.browser

MANY = 20_000
LARGE, SMALL = "Trash", "Papers"  # the bin is not indexed: making it costs two cores little
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 40


def fill(client: imaplib.IMAP4, path: str, count: int) -> None:
    """Make a folder of `count` letters, the newest fifty numbered up to `count`.

    Appends in one command, then copies of what is there, twice as many each time: seconds.
    """
    numbered = 50
    if path != "Trash":
        client.create(path)
    append(client, path, [f"Phiếu cũ {n}" for n in range(250)])
    client.select(path)
    have = 250
    while have < count - numbered:
        more = min(have, count - numbered - have)
        assert client.copy(f"1:{more}", path)[0] == "OK"
        client.noop()
        have += more
    append(client, path, [f"Phiếu {n}" for n in range(count - numbered + 1, count + 1)])


def append(client: imaplib.IMAP4, path: str, subjects: list[str]) -> None:
    """Store read letters with one command (RFC 3502)."""
    said = [f"M1 APPEND {path}".encode()]
    for subject in subjects:
        one = EmailMessage()
        one["From"], one["Subject"] = "Kho <kho@partner.test>", subject
        one.set_content("x\n")
        octets = one.as_bytes().replace(b"\n", b"\r\n")
        said.append(b" (\\Seen) {%d+}\r\n%b" % (len(octets), octets))
    client.send(b"".join([*said, b"\r\n"]))
    while not (line := client.readline()).startswith(b"M1 "):
        assert line, "the server hung up"
    assert line.startswith(b"M1 OK"), line


def newsletter(person: Person) -> EmailMessage:
    """Return HTML mail with a picture and a tracker at the partner's web server."""
    to, mark = person.address, person.box.pk
    message = letter(to, subject="Bản tin cảng biển", text="Bản chữ\n")
    message.add_alternative(
        f'<h1>Giá cước giảm</h1><img src="http://img.partner.test/banner.jpg?{mark}" alt="Bìa"'
        f' width="600" height="160"><img src="http://img.partner.test/open.gif?{mark}" width="1"'
        ' height="1">',
        subtype="html",
    )
    return message


def with_file(to: str) -> EmailMessage:
    message = letter(to, subject="Hóa đơn tháng 11", text="Em gửi hóa đơn.\n")
    message.add_attachment(
        PDF, maintype="application", subtype="pdf", filename="Hóa đơn 0001187.pdf"
    )
    return message


def asked_outside(stack: Stack, person: Person) -> list[str]:
    """Return what the partner's web server was asked for by this person's newsletter."""
    log = stack.data / "outside" / LOG
    lines = log.read_text().split() if log.exists() else []
    return [line for line in lines if line.endswith(f"?{person.box.pk}")]


def subjects(page: Page) -> list[str]:
    return page.locator(".message-row__subject").all_inner_texts()


def count(page: Page, key: str) -> str:
    """Return the number beside a folder in the column, empty for none."""
    number = page.locator(f'.folders [data-key="{key}"] .nav-item__count')
    return number.inner_text() if number.count() else ""


def fastest(page: Page, url: str, numbers: list[int]) -> float:
    """Return the shortest time in seconds that one of these pages of a list took."""
    took = []
    for number in numbers:
        started = time.monotonic()
        assert page.request.get(url, params={"page": str(number)}).ok
        took.append(time.monotonic() - started)
    return min(took)


@pytest.fixture
def binh(live: World, stack: Stack, imap: Callable[[Person], imaplib.IMAP4_SSL]) -> Person:
    """A member of staff with five letters in the inbox and a bin that was never emptied."""
    person = live.person(name="Nguyễn Văn Bình")
    client = imap(person)
    fill(client, LARGE, MANY)
    fill(client, SMALL, 500)
    for message in (
        letter(person.address, subject="Lịch tàu tuần 48", text="Tàu vào cảng thứ Ba.\n"),
        newsletter(person),
        with_file(person.address),
        letter(person.address, subject="Xin nghỉ phép", text="Em xin nghỉ hai ngày.\n"),
        letter(person.address, subject="Biên bản họp", text="Gửi anh biên bản.\n"),
    ):
        deliver(stack, person.address, message)
    return person


def signs_in(page: Page, binh: Person) -> None:
    """He signs in with address and password and stands in his inbox; folders say how much is new."""
    sign_in(page, binh)
    page.wait_for_url(re.compile(r"/mail/\d+/f/SU5CT1g/$"))
    expect(page.locator(".message-row")).to_have_count(5)
    assert (count(page, "inbox"), count(page, "drafts")) == ("5", "")
    expect(page).to_have_title("(5) Inbox – Hộp Thư")


def opens_the_large_folder(page: Page, binh: Person) -> None:
    """The large folder shows its fifty newest and leads on; its pages cost what those of a small do."""
    page.get_by_role("link", name=LARGE).click()
    expect(page.locator(".message-row")).to_have_count(50)
    assert subjects(page) == [f"Phiếu {n}" for n in range(MANY, MANY - 50, -1)]
    expect(page.locator(".list-end")).to_contain_text("1–50 of 20,000")
    page.locator(".pager").get_by_role("link", name="Older messages").click()
    expect(page.locator(".list-end")).to_contain_text("51–100 of 20,000")
    large, small = (f"/mail/{binh.box.pk}/f/{folder_id(path)}/" for path in (LARGE, SMALL))
    of_small = fastest(page, small, [2, 4, 6, 8, 10])
    assert fastest(page, large, [7, 100, 200, 300, 400]) < 4 * of_small + 0.1
    page.go_back()
    expect(page.locator(".list-end")).to_contain_text("1–50 of 20,000")
    page.get_by_role("link", name=re.compile("^Inbox")).first.click()


def reads_plain_mail(page: Page) -> Page:
    """Plain mail: opened it counts as read; back and forward, reload and a second tab work."""
    page.get_by_role("link", name="Lịch tàu tuần 48").click()
    expect(page.locator("[data-reader] h1")).to_have_text("Lịch tàu tuần 48")
    expect(page.locator(".message-text")).to_have_text("Tàu vào cảng thứ Ba.")
    expect(page.locator('.folders [data-key="inbox"] .nav-item__count')).to_have_text("4")
    page.go_back()
    expect(page.locator("[data-reader] h1")).to_have_count(0)
    page.go_forward()
    expect(page.locator("[data-reader] h1")).to_have_text("Lịch tàu tuần 48")
    page.reload()
    expect(page.locator(".message-text")).to_have_text("Tàu vào cảng thứ Ba.")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Xin nghỉ phép").click(modifiers=["Control"])
    tab = opened.value
    expect(tab.locator("[data-reader] h1")).to_have_text("Xin nghỉ phép")
    expect(tab.locator(".message-row")).to_have_count(5)
    expect(page.locator("[data-reader] h1")).to_have_text("Lịch tàu tuần 48")
    return tab


def reads_html_mail(page: Page, binh: Person, stack: Stack) -> None:
    """HTML mail: nobody outside is asked for anything until Bình wants the pictures."""
    page.get_by_role("link", name="Bản tin cảng biển").click()
    inside = page.frame_locator("iframe[data-message-frame]")
    expect(inside.locator("h1")).to_have_text("Giá cước giảm")
    expect(page.locator(".banner")).to_contain_text("2 remote images are blocked")
    assert asked_outside(stack, binh) == []
    page.get_by_role("link", name="Show 1 image").click()
    with_pictures = page.frame_locator("iframe[data-message-frame][src*='images=1']")
    picture = with_pictures.locator("img").first
    expect(picture).to_have_js_property("naturalWidth", 1200)
    assert picture.evaluate("i => i.currentSrc").startswith(
        f"{stack.url}/mail/{binh.box.pk}/image/"
    )
    assert asked_outside(stack, binh) == [f"img.partner.test/banner.jpg?{binh.box.pk}"]


def takes_an_attachment(page: Page) -> None:
    """The attachment has a name, a kind and a size, and arrives as it was sent."""
    page.get_by_role("link", name="Hóa đơn tháng 11").click()
    file = page.locator(".attachment")
    expect(file.locator(".attachment__name")).to_have_text("Hóa đơn 0001187.pdf")
    expect(file.locator(".attachment__kind")).to_have_text("PDF")
    expect(file.locator(".attachment__size")).to_have_text(re.compile(r"10\.[23] kB"))
    with page.expect_download() as download:
        file.click()
    assert download.value.suggested_filename == "Hóa đơn 0001187.pdf"
    assert download.value.path().read_bytes() == PDF


def acts_and_takes_back(page: Page, program: imaplib.IMAP4) -> None:
    """Read and unread, the star, a folder of his own, the bin; all of it can be taken back."""
    page.get_by_role("button", name="Mark as unread").first.click()
    row = page.locator(".message-row", has_text="Hóa đơn tháng 11")
    expect(row).to_have_class(re.compile("is-unread"))
    row.hover()
    page.locator("[data-row-deed=star]").click()
    expect(row).to_have_attribute("data-starred", "")
    row.locator(".message-row__pick").click()
    page.keyboard.press("v")
    page.locator("[data-move-dialog]").get_by_text(SMALL, exact=True).click()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text(f"1 message moved to {SMALL}")
    expect(page.locator(".message-row")).to_have_count(4)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".message-row")).to_have_count(5)
    # before another letter goes: then the reader opens the next one, and that is read
    program.select("INBOX", readonly=True)
    assert program.search(None, "FLAGGED", "UNSEEN")[1][0] != b""
    page.get_by_role("link", name="Biên bản họp").click()
    expect(page.locator("[data-reader] h1")).to_have_text("Biên bản họp")
    page.locator("[data-reader-form] button[value=delete]").click()
    expect(page.locator(".toast")).to_contain_text("1 message moved to Trash")
    expect(page.locator(".message-row")).to_have_count(4)
    assert program.select("Trash")[1] == [b"20001"]
    page.keyboard.press("z")
    expect(page.locator(".message-row")).to_have_count(5)
    assert program.select("Trash")[1] == [b"20000"]


def searches(page: Page) -> None:
    """Search asks the server and knows letters without their marks."""
    page.keyboard.press("/")
    page.keyboard.type("subject:hoa subject:don in:inbox")
    page.keyboard.press("Enter")
    expect(page.locator(".message-row")).to_have_count(1)
    expect(page.locator(".message-row__subject mark")).to_have_text(["Hóa", "đơn"])
    page.go_back()
    expect(page.locator(".message-row")).to_have_count(5)


def gets_new_mail(pages: list[Page], binh: Person, stack: Stack) -> None:
    """New mail is there by itself, in both tabs, with every counter; nothing was loaded anew."""
    for one in pages:
        expect(one.locator("[data-push]")).to_have_attribute("data-push-state", "live")
        one.evaluate("window.stays = true")
    unread = int(count(pages[0], "inbox"))
    deliver(stack, binh.address, letter(binh.address, subject="Vừa tới"))
    delivered = time.monotonic()
    expect(pages[0].locator(".message-row").first).to_contain_text("Vừa tới")
    took = time.monotonic() - delivered
    expect(pages[1].locator(".message-row").first).to_contain_text("Vừa tới")
    for one in pages:
        expect(one.locator('.folders [data-key="inbox"] .nav-item__count')).to_have_text(
            str(unread + 1)
        )
        expect(one).to_have_title(re.compile(rf"^\({unread + 1}\) "))
        assert one.evaluate("window.stays") is True
    assert took < 5, "by push; the poll beneath it comes after 90 s"


def test_binh_reads_his_mail(
    binh: Person, page: Page, stack: Stack, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    troubles: list[str] = []
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    signs_in(page, binh)
    opens_the_large_folder(page, binh)
    tab = reads_plain_mail(page)
    reads_html_mail(page, binh, stack)
    takes_an_attachment(page)
    acts_and_takes_back(page, imap(binh))
    searches(page)
    gets_new_mail([page, tab], binh, stack)
    assert troubles == []
