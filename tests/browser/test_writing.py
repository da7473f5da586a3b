"""Writing in a real browser: recipients, drafts, files, sending, undo, docks; and without script."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from delivery.models import Submission
from portal.config import stack as running_stack
from tests.conftest import deliver, letter, sign_in, until
from webmail.message.compose import room_for_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.browser


@pytest.fixture
def writer(live: World) -> Person:
    """Somebody with a colleague called Lê Minh Khôi."""
    live.person(name="Lê Minh Khôi")
    return live.person(name="Trần Thu Hà")


@pytest.fixture
def composer(page: Page, writer: Person) -> Page:
    """The composer's page, live."""
    sign_in(page, writer)
    page.goto(f"/mail/{writer.box.pk}/compose/")
    expect(page.locator("[data-composer].is-live")).to_be_visible()
    return page


@pytest.fixture
def troubles(page: Page) -> Iterator[list[str]]:
    """What the browser complains about, refused answers of forms aside."""
    found: list[str] = []
    page.on("console", lambda m: found.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert [text for text in found if "status of 4" not in text] == []


def recipient(page: Page, name: str = "to") -> Locator:
    return page.locator(f"[data-recipients={name}] input[role=combobox]")


def body(page: Page) -> Locator:
    return page.frame_locator(".composer__frame").last.locator("body")


def last_submission(person: Person) -> Submission:
    found = until(lambda: Submission.objects.filter(mailbox=person.box).order_by("-id").first())
    assert found is not None
    return found


def test_a_letter_is_written_saved_sent_and_taken_back(
    composer: Page, writer: Person, troubles: list[str], tmp_path: Path
) -> None:
    recipient(composer).press_sequentially("le m", delay=20)
    option = composer.get_by_role("option", name=re.compile("Lê Minh Khôi"))
    expect(option).to_have_attribute("aria-selected", "true")
    recipient(composer).press("Enter")
    expect(composer.locator(".chip--person")).to_have_text(re.compile("Lê Minh Khôi"))
    composer.get_by_placeholder("Subject").fill("Mẫu vải lô 118")
    body(composer).click()
    composer.keyboard.type("Chào Khôi,")
    composer.keyboard.press("Enter")
    composer.keyboard.press("Control+b")
    composer.keyboard.type("mẫu số 4")
    file = tmp_path / "Phối màu.xlsx"
    file.write_bytes(b"abc")
    composer.set_input_files("[data-file-input]", [file])
    expect(composer.locator("[data-file]")).to_contain_text("Phối màu.xlsx")
    expect(composer.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    assert "?id=" in composer.url
    composer.keyboard.press("Control+Enter")
    composer.wait_for_url(re.compile("/f/"))
    toast = composer.locator("[data-sent-toast]")
    expect(toast).to_contain_text("Sending")
    toast.get_by_role("button", name="Undo").click()
    dock = composer.locator(".composer--dock.is-live")
    expect(dock.locator(".chip--person")).to_have_text(re.compile("Lê Minh Khôi"))
    expect(dock.locator("[data-file]")).to_contain_text("Phối màu.xlsx")
    expect(body(composer).locator("b")).to_have_text("mẫu số 4")
    assert last_submission(writer).state == "cancelled"


def test_a_reloaded_composer_still_has_the_letter(composer: Page) -> None:
    recipient(composer).fill("khoi@congty, ")
    composer.get_by_placeholder("Subject").fill("Chưa xong")
    body(composer).click()
    composer.keyboard.type("dở dang")
    expect(composer.locator("[data-saved]")).to_have_text(re.compile("Saved"))
    composer.reload()
    expect(body(composer)).to_have_text("dở dang")
    expect(composer.get_by_placeholder("Subject")).to_have_value("Chưa xong")
    expect(composer.locator(".chip--invalid")).to_have_text(re.compile("khoi@congty"))


def test_lines_keep_their_distance_on_their_way_to_the_reader(
    composer: Page, writer: Person
) -> None:
    recipient(composer).fill(f"{writer.address},")
    composer.get_by_placeholder("Subject").fill("Ba dòng")
    body(composer).click()
    for line in ("Chào chị,", "", "Em gửi bảng giá."):
        composer.keyboard.type(line)
        composer.keyboard.press("Enter")
    distance = """b => { const y = t => [...b.querySelectorAll("*")].filter(n => n.textContent === t).pop()
      .getBoundingClientRect().top; return y("Em gửi bảng giá.") - y("Chào chị,") }"""
    written = body(composer).evaluate(distance)
    composer.keyboard.press("Control+Enter")
    composer.wait_for_url(re.compile("/f/"))
    composer.get_by_role("link", name=re.compile("Ba dòng")).first.click()
    shown = composer.frame_locator("iframe[data-message-frame]").locator("body")
    assert shown.evaluate(distance) == pytest.approx(written, abs=4)
    mime = message_from_bytes(bytes(last_submission(writer).body.mime), policy=default)
    plain = mime.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == ["Chào chị,", "", "Em gửi bảng giá."]


def test_a_letter_outlives_signing_out_and_in_again_in_another_tab(
    composer: Page, writer: Person
) -> None:
    composer.get_by_placeholder("Subject").fill("Còn nguyên")
    recipient(composer).fill("le.minh@partner.test,")
    expect(composer.locator("[data-saved]")).to_have_text(re.compile("Saved"))
    other = composer.context.new_page()
    other.goto("/settings/profile/")
    other.get_by_role("button", name=writer.user.name).click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/accounts/login/**")
    body(composer).click()
    composer.keyboard.type("Viết tiếp")
    expect(composer.locator("[data-saved]")).to_contain_text("signed out")
    sign_in(other, writer)
    composer.locator("[data-composer] button[value=send]").click()
    expect(composer.locator(".toast")).to_contain_text("Undo")
    assert last_submission(writer).subject == "Còn nguyên"


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(composer: Page) -> None:
    recipient(composer).fill("khoi@congty,")
    composer.get_by_placeholder("Subject").fill("x")
    body(composer).click()
    composer.keyboard.type("Chữ của tôi")
    composer.locator("[data-send]").click()
    expect(composer.locator("[data-problems=to]")).to_contain_text("khoi@congty")
    expect(body(composer)).to_have_text("Chữ của tôi")
    expect(composer.locator("[data-send]")).to_be_enabled()


def test_a_forgotten_file_and_an_empty_subject_are_pointed_out_once_each(
    composer: Page, writer: Person
) -> None:
    recipient(composer).fill("x@partner.test,")
    body(composer).click()
    composer.keyboard.type("Em gửi kèm bảng giá")
    composer.locator("[data-send]").click()
    expect(composer.locator("[data-warnings]")).to_contain_text("no subject")
    composer.get_by_placeholder("Subject").fill("Bảng giá")
    composer.locator("[data-send]").click()
    expect(composer.locator("[data-warnings]")).to_contain_text("no file is attached")
    composer.get_by_role("button", name="Send anyway").click()
    composer.wait_for_url(re.compile("/f/"))
    assert last_submission(writer).subject == "Bảng giá"


def test_a_file_that_cannot_fit_is_refused_before_it_travels(
    composer: Page, tmp_path: Path
) -> None:
    expect(composer.locator("[data-room-text]")).to_have_text("Files up to 19 MB")
    file = tmp_path / "lớn.bin"
    with file.open("wb") as out:
        out.truncate(room_for_files(running_stack().max_message_bytes) + 1)
    sent: list[str] = []
    composer.on("request", lambda r: sent.append(r.url) if "/compose/files/" in r.url else None)
    composer.set_input_files("[data-file-input]", [file])
    expect(composer.locator("[data-problems=files]")).to_contain_text("lớn.bin")
    assert sent == []
    assert composer.locator("[data-file]").count() == 0


def test_pasted_lists_become_chips(composer: Page) -> None:
    recipient(composer).focus()
    composer.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text/plain", '"Hà, Kế toán" <ha@x.test>; b@x.test\\nc@x.test');
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(composer.locator("[data-recipients=to] .chip")).to_have_count(3)
    expect(composer.locator("[data-recipients=to] .chip").first).to_contain_text("Hà, Kế toán")


def test_pasted_markup_keeps_structure_and_nothing_that_acts(composer: Page) -> None:
    body(composer).click()
    frame = composer.frames[-1]
    frame.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text/html", '<p style="color:red" onclick="x()">a <b>b</b></p><img src="https://t.test/p" onerror="x()"><script>window.top.hit = 1</script><a href="javascript:x()">c</a>');
          document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    markup = body(composer).inner_html()
    assert "<b>b</b>" in markup
    for bad in ("style", "onclick", "img", "script"):
        assert bad not in markup
    assert composer.evaluate("window.hit") is None


def test_answering_hostile_mail_runs_and_loads_nothing(
    page: Page, writer: Person, stack: Stack, troubles: list[str]
) -> None:
    message = letter(writer.address, subject="<b>Xem này</b>")
    message.add_alternative(
        '<p>chào</p><img src=https://t.invalid/p.gif onerror="top.hit=1"><svg onload=top.hit=2>'
        "<style>@import 'https://t.invalid/x.css'</style><iframe srcdoc='<script>top.hit=3</script>'>"
        '</iframe><div style="background:url(https://t.invalid/b)">x</div><form action=https://t.invalid/>',
        subtype="html",
    )
    deliver(stack, writer.address, message)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "t.invalid" in r.url else None)
    sign_in(page, writer)
    page.goto("/mail/")
    page.locator(".message-row__open").click()
    page.locator("[data-reader] [data-reply]").click()
    expect(body(page).locator("blockquote")).to_contain_text("chào")
    expect(page.get_by_placeholder("Subject")).to_have_value("Re: <b>Xem này</b>")
    assert page.evaluate("window.hit") is None
    assert asked == []


def test_an_answer_on_a_phone_ends_at_the_letter_it_answers(
    page: Page, writer: Person, stack: Stack, troubles: list[str]
) -> None:
    deliver(stack, writer.address, letter(writer.address, subject="Lịch tàu"))
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, writer)
    page.goto("/mail/")
    page.locator(".message-row__open").click()
    page.locator("[data-reader] [data-reply]").click()
    expect(page.locator("[data-composer].is-live")).to_be_visible()
    people = page.locator("[data-recipients=to]").bounding_box()
    assert people is not None
    assert people["height"] < 64, "a second line stays empty"
    page.keyboard.type("Đã xem.")
    expect(page.locator("[data-saved]")).to_have_text(re.compile("Saved"))
    page.reload()
    expect(body(page)).to_contain_text("Đã xem.")
    page.locator("[data-composer] button[value=send]").click()
    expect(page.locator("[data-reader]")).to_contain_text("Lịch tàu")
    expect(page.locator(".toast")).to_contain_text("Undo")


def test_three_docks_stand_side_by_side_and_the_mail_stays_usable(
    page: Page, writer: Person, troubles: list[str]
) -> None:
    sign_in(page, writer)
    page.goto("/mail/")
    for number in range(3):
        page.locator(".folders [data-compose]").click()
        expect(page.locator("form[data-composer].is-live")).to_have_count(number + 1)
        page.locator("form[data-composer]").last.get_by_placeholder("Subject").fill(f"Thư {number}")
    expect(page.locator(".composer--minimised")).to_have_count(1)
    page.locator(".composer--minimised").get_by_role("button", name="Open again").click()
    expect(page.locator("form.composer--dock:not(.is-behind) [data-title]")).to_have_text("Thư 0")
    page.locator("form.composer--dock:not(.is-behind)").get_by_role(
        "button", name="Save and close"
    ).click()
    expect(page.locator("form[data-composer]")).to_have_count(2)


def test_a_draft_opens_to_be_written_on(page: Page, writer: Person, troubles: list[str]) -> None:
    from tests.webmail.writing import identity_of, writing_of
    from webmail.identity import folder_id
    from webmail.services.save_draft import save_draft

    save_draft(identity_of(writer), writing=writing_of(writer, subject="Còn dở", text="một"))
    sign_in(page, writer)
    page.goto(f"/mail/{writer.box.pk}/f/{folder_id('Drafts')}/")
    page.locator(".message-row__open").click()
    expect(page.locator(".composer--dock [data-title]")).to_have_text("Còn dở")
    body(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" hai")
    expect(page.locator("[data-saved]")).to_have_text(re.compile("Saved"))
    expect(page.locator(".message-row")).to_have_count(1)


def test_a_discarded_draft_is_gone(composer: Page, writer: Person) -> None:
    composer.get_by_placeholder("Subject").fill("bỏ đi")
    expect(composer.locator("[data-saved]")).to_have_text(re.compile("Saved"))
    composer.locator("[data-discard]").click()
    composer.wait_for_url(re.compile("/f/"))
    expect(composer.locator(".toast")).to_contain_text("Draft discarded")


def test_without_script_letters_are_written_with_files_sent_and_taken_back(
    browser: Browser, writer: Person, stack: Stack, tmp_path: Path
) -> None:
    page = browser.new_context(
        base_url=stack.url, java_script_enabled=False, locale="en-GB"
    ).new_page()
    sign_in(page, writer)
    page.goto(f"/mail/{writer.box.pk}/compose/")
    page.get_by_label("To", exact=True).fill("khoi@congty")
    page.get_by_placeholder("Subject").fill("Không kịch bản")
    page.get_by_role("textbox", name="Message").fill("Chữ của tôi")
    file = tmp_path / "a.txt"
    file.write_text("abc")
    page.set_input_files("input[name=files]", [file])
    page.get_by_role("button", name="Attach", exact=True).click()
    expect(page.locator("[data-file]")).to_contain_text("a.txt")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-problems=to]")).to_contain_text("khoi@congty")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("Chữ của tôi")
    page.get_by_label("To", exact=True).fill("x@partner.test")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile("/outbox/"))
    expect(page.locator(".outgoing")).to_contain_text("Không kịch bản")
    page.get_by_role("button", name="Undo sending").click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value(re.compile("Chữ của tôi"))
    expect(page.locator("[data-file]")).to_contain_text("a.txt")
    page.context.close()


def test_the_outbox_changes_by_itself(page: Page, writer: Person, troubles: list[str]) -> None:
    from tests.webmail.writing import send

    sign_in(page, writer)
    send(writer, "no@partner.test")
    page.goto(f"/mail/{writer.box.pk}/outbox/")
    expect(page.locator(".outgoing")).to_contain_text("Can still be taken back")
    page.get_by_role("button", name="Send now").click()
    expect(page.locator(".outgoing")).to_contain_text("Refused at 1 address", timeout=30_000)
    expect(page.locator(".outgoing")).to_contain_text("This address does not exist there.")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Nothing on its way")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_everybody_can_use_composer_and_outbox(
    browser: Browser, writer: Person, stack: Stack, scheme: str, width: int
) -> None:
    context = browser.new_context(
        base_url=stack.url, viewport={"width": width, "height": 900}, locale="en-GB",
        color_scheme="dark" if scheme == "dark" else "light",
    )  # fmt: skip
    page = context.new_page()
    sign_in(page, writer)
    for path in ("compose", "outbox"):
        page.goto(f"/mail/{writer.box.pk}/{path}/")
        if path == "compose":
            expect(page.locator("[data-composer].is-live")).to_be_visible()
            recipient(page).fill("khoi@congty, a@x.test,")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
