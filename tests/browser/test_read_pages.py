"""The mail page in a real browser: open, act, undo, keys, push, and all of it without script too."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.conftest import deliver, letter, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page, Route

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.browser

SUBJECTS = ["Hợp đồng thuê kho", "Báo giá vải cotton", "Bảng chấm công", "Lịch nghỉ Tết"]


@pytest.fixture
def person(live: World, stack: Stack) -> Person:
    """Somebody with four letters, the last of SUBJECTS newest."""
    someone = live.person(name="Trần Thu Hà")
    for subject in SUBJECTS:
        deliver(
            stack, someone.address, letter(someone.address, subject=subject, text=f"{subject}\n")
        )
    return someone


@pytest.fixture
def inbox(page: Page, person: Person) -> Page:
    """The inbox, live."""
    sign_in(page, person)
    page.goto("/mail/")
    expect(page.locator(".message-row")).to_have_count(4)
    return page


def shown(page: Page) -> list[str]:
    return page.locator(".message-row:not(.is-leaving) .message-row__subject").all_inner_texts()


def test_opening_swaps_the_reader_and_keeps_the_list(inbox: Page) -> None:
    inbox.evaluate("window.stays = true")
    inbox.get_by_role("link", name="Báo giá vải cotton").click()
    expect(inbox.locator("[data-reader] h1")).to_have_text("Báo giá vải cotton")
    assert "/f/SU5CT1g/" in inbox.url
    assert inbox.url.rstrip("/").rsplit("/", 1)[1].isdigit()
    assert inbox.evaluate("window.stays") is True
    assert inbox.locator("main").count() == 1
    assert inbox.locator("h1").count() == 1
    expect(inbox).to_have_title(r"(3) Báo giá vải cotton – Hộp Thư")
    inbox.go_back()
    expect(inbox.locator("[data-reader] h2")).to_have_text("No message selected")
    inbox.go_forward()
    expect(inbox.locator("[data-reader] h1")).to_have_text("Báo giá vải cotton")
    inbox.reload()
    expect(inbox.locator("[data-reader] h1")).to_have_text("Báo giá vải cotton")


def test_archive_goes_to_the_next_and_undo_brings_back(inbox: Page) -> None:
    inbox.get_by_role("link", name="Bảng chấm công").click()
    expect(inbox.locator("[data-reader] h1")).to_have_text("Bảng chấm công")
    inbox.locator("[data-reader-form] button[value=archive]").click()
    expect(inbox.locator("[data-reader] h1")).to_have_text("Báo giá vải cotton")
    expect(inbox.locator(".message-row")).to_have_count(3)
    toast = inbox.locator(".toast")
    expect(toast).to_contain_text("1 message archived")
    toast.get_by_role("button", name="Undo").click()
    expect(inbox.locator(".message-row")).to_have_count(4)
    assert sorted(shown(inbox)) == sorted(SUBJECTS)


def test_a_letter_marked_unread_by_hand_stays_so_when_it_comes_as_the_next(inbox: Page) -> None:
    head, unread = inbox.locator("[data-reader] h1"), inbox.locator(".message-row.is-unread")
    inbox.get_by_role("link", name="Báo giá vải cotton").click()
    expect(head).to_have_text("Báo giá vải cotton")
    inbox.keyboard.press("Shift+U")
    expect(unread).to_have_count(4)
    inbox.get_by_role("link", name="Bảng chấm công").click()
    expect(head).to_have_text("Bảng chấm công")
    inbox.keyboard.press("#")
    expect(head).to_have_text("Báo giá vải cotton")
    inbox.wait_for_load_state("networkidle")
    inbox.goto("/mail/")  # what the server says
    expect(unread).to_have_text([re.compile("Lịch"), re.compile("Báo giá"), re.compile("Hợp đồng")])


def test_the_next_letter_is_read_as_usual_and_an_unread_one_once_it_is_chosen(inbox: Page) -> None:
    head, unread = inbox.locator("[data-reader] h1"), inbox.locator(".message-row.is-unread")
    inbox.keyboard.press("j")
    inbox.keyboard.press("j")
    inbox.keyboard.press("Shift+U")
    inbox.get_by_role("link", name="Lịch nghỉ Tết").click()
    expect(head).to_have_text("Lịch nghỉ Tết")
    inbox.keyboard.press("#")
    expect(head).to_have_text("Bảng chấm công")
    expect(unread).to_have_count(3)
    inbox.keyboard.press("j")
    expect(head).to_have_text("Báo giá vải cotton")
    inbox.keyboard.press("k")
    expect(head).to_have_text("Bảng chấm công")
    expect(unread).to_have_count(1)
    inbox.keyboard.press("j")
    inbox.keyboard.press("#")
    expect(head).to_have_text("Hợp đồng thuê kho")
    expect(unread).to_have_count(0)
    inbox.wait_for_load_state("networkidle")
    inbox.reload()
    expect(head).to_have_text("Hợp đồng thuê kho")
    expect(unread).to_have_count(0)


def test_the_keyboard_walks_opens_acts_and_undoes(inbox: Page) -> None:
    inbox.keyboard.press("j")
    inbox.keyboard.press("j")
    expect(inbox.locator(".message-row.is-cursor")).to_contain_text("Bảng chấm công")
    inbox.keyboard.press("o")
    expect(inbox.locator("[data-reader] h1")).to_have_text("Bảng chấm công")
    inbox.keyboard.press("k")
    expect(inbox.locator("[data-reader] h1")).to_have_text("Lịch nghỉ Tết")
    inbox.keyboard.press("s")
    expect(inbox.locator(".icon-button--star")).to_have_attribute("aria-pressed", "true")
    inbox.keyboard.press("u")
    expect(inbox.locator("[data-reader] h2")).to_have_text("No message selected")
    expect(inbox.locator(".message-row.is-cursor")).to_contain_text("Lịch nghỉ Tết")
    inbox.keyboard.press("j")
    inbox.keyboard.press("#")
    expect(inbox.locator(".toast")).to_contain_text("moved to Trash")
    expect(inbox.locator(".message-row")).to_have_count(3)
    inbox.keyboard.press("z")
    expect(inbox.locator(".message-row")).to_have_count(4)
    inbox.keyboard.press("?")
    expect(inbox.locator("#keys")).to_be_visible()
    wide = inbox.viewport_size
    assert wide is not None
    inbox.set_viewport_size({"width": 390, "height": 844})  # what had the focus is hidden there
    inbox.set_viewport_size(wide)
    inbox.keyboard.press("Escape")
    expect(inbox.locator("#keys")).to_be_hidden()


def test_a_folder_is_made_renamed_and_thrown_away(inbox: Page) -> None:
    inbox.get_by_role("button", name="New folder").click()
    inbox.get_by_placeholder("Name").fill("Hóa đơn/2026")
    inbox.keyboard.press("Enter")
    name = inbox.get_by_label("Name", exact=True)
    expect(name).to_have_value("Hóa đơn/2026")
    expect(inbox.locator("#folder-error")).to_contain_text("cannot hold")
    assert Axe().run(inbox).response["violations"] == []
    name.fill("Hóa đơn")
    inbox.keyboard.press("Enter")
    inbox.get_by_role("link", name="Rename or delete this folder").click()
    name.fill("Hóa đơn 2026")
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_role("heading", level=1)).to_have_text("Hóa đơn 2026")
    inbox.get_by_role("link", name="Rename or delete this folder").click()
    assert Axe().run(inbox).response["violations"] == []
    inbox.get_by_role("button", name="Delete folder").click()
    expect(inbox.locator(".toast")).to_contain_text("is deleted")


def test_trash_is_emptied_and_what_comes_meanwhile_stays(
    inbox: Page, person: Person, stack: Stack
) -> None:
    inbox.locator(".message-row__pick").nth(0).click()
    inbox.locator(".message-row__pick").nth(1).click()
    inbox.keyboard.press("#")
    expect(inbox.locator(".message-row")).to_have_count(2)
    inbox.locator(".folders").get_by_role("link", name="Trash").click()
    expect(inbox.locator(".message-row")).to_have_count(2)
    inbox.get_by_role("link", name="Empty").click()
    expect(inbox.locator("main")).to_contain_text("2 messages are deleted for good")
    assert Axe().run(inbox).violations_count == 0
    other = inbox.context.new_page()
    other.goto("/mail/")
    other.locator(".message-row__pick").nth(0).click()
    other.keyboard.press("#")
    expect(other.locator(".message-row")).to_have_count(1)
    inbox.get_by_role("button", name="Delete for good").click()
    expect(inbox.locator(".message-row")).to_have_count(1)
    expect(inbox.locator(".toast")).to_contain_text("What was in Trash is deleted")


def test_deeds_reach_the_server_in_the_order_of_the_keys(inbox: Page) -> None:
    """A slow first answer neither shows its toast last nor lets the second deed overtake it."""
    asked: list[Route] = []

    def hold_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    inbox.route("**/act/", hold_the_first)
    inbox.keyboard.press("j")
    inbox.keyboard.press("s")
    inbox.keyboard.press("#")
    expect(inbox.locator(".message-row:visible")).to_have_count(3)
    inbox.keyboard.press("z")
    assert len(asked) == 1
    asked[0].continue_()
    expect(inbox.locator(".toast")).to_contain_text("Undone")
    expect(inbox.locator(".message-row:visible")).to_have_count(4)
    assert len(asked) == 2
    expect(inbox.locator(".message-row[data-starred]")).to_have_count(1)


def test_keys_are_letters_while_typing_and_can_be_switched_off(inbox: Page) -> None:
    inbox.keyboard.press("/")
    inbox.keyboard.type("je#")
    expect(inbox.locator("[data-search]")).to_have_value("je#")
    assert len(shown(inbox)) == 4
    inbox.keyboard.press("Escape")
    inbox.keyboard.press("?")
    inbox.locator("[data-keys-switch]").uncheck()
    inbox.keyboard.press("Escape")
    inbox.keyboard.press("j")
    assert inbox.locator(".message-row.is-cursor").count() == 0


def test_keys_work_inside_the_message_frame(inbox: Page, person: Person, stack: Stack) -> None:
    message = letter(person.address, subject="Có HTML")
    message.add_alternative("<p>nội dung <b>đậm</b></p>", subtype="html")
    deliver(stack, person.address, message)
    inbox.get_by_role("link", name="Có HTML").click()
    inbox.frame_locator("iframe[data-message-frame]").locator("b").click()
    inbox.keyboard.press("u")
    expect(inbox.locator("[data-reader] h2")).to_have_text("No message selected")


def test_paper_is_white_in_the_dark_theme_too(inbox: Page, person: Person, stack: Stack) -> None:
    message = letter(person.address, subject="Có màu")
    message.add_alternative('<p style="color:#222">nội dung <b>đậm</b></p>', subtype="html")
    deliver(stack, person.address, message)
    inbox.get_by_role("link", name="Có màu").click()
    inbox.locator(".frame-tools").get_by_role("link", name="Dark").click()
    expect(inbox.locator("iframe.message-frame--dark")).to_be_visible()
    inbox.evaluate("document.documentElement.dataset.theme = 'dark'")
    ink = "getComputedStyle(document.querySelector('.reader h1, .reader h2')).color"
    on_screen = inbox.evaluate(ink)
    inbox.emulate_media(media="print")
    assert (on_screen, inbox.evaluate(ink)) == ("rgb(231, 233, 238)", "rgb(23, 28, 39)")
    sheet = inbox.frame_locator("iframe[data-message-frame]").locator("html")
    expect(sheet).to_have_css("filter", "invert(1) hue-rotate(180deg)")


def test_a_letter_without_colours_of_its_own_is_shown_in_those_of_the_theme(
    inbox: Page, person: Person, stack: Stack
) -> None:
    message = letter(person.address, subject="Không màu")
    message.add_alternative("<p>nội dung <b>đậm</b></p>", subtype="html")
    deliver(stack, person.address, message)
    inbox.get_by_role("link", name="Không màu").click()
    written = inbox.frame_locator("iframe.message-frame--plain").locator("body")
    expect(written).to_have_css("color", "rgb(23, 28, 39)")
    inbox.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(written).to_have_css("color", "rgb(231, 233, 238)")
    expect(inbox.locator(".frame-tools")).to_have_count(0)


def test_several_are_chosen_moved_and_brought_back(inbox: Page) -> None:
    boxes = inbox.locator(".message-row__pick")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(inbox.locator("[data-select-count]")).to_have_text("3 chosen")
    inbox.keyboard.press("v")
    dialog = inbox.locator("[data-move-dialog]")
    expect(dialog.locator("h2")).to_have_text("Move 3 messages to")
    inbox.keyboard.type("arch")
    inbox.keyboard.press("Enter")
    expect(inbox.locator(".message-row")).to_have_count(1)
    expect(inbox.locator(".toast")).to_contain_text("3 messages moved to Archive")
    inbox.keyboard.press("z")
    expect(inbox.locator(".message-row")).to_have_count(4)


def test_new_mail_appears_within_a_second_and_disturbs_nothing(
    inbox: Page, person: Person, stack: Stack
) -> None:
    expect(inbox.locator("[data-push]")).to_have_attribute("data-push-state", "live")
    inbox.locator(".message-row__pick").nth(1).click()
    deliver(stack, person.address, letter(person.address, subject="Thư mới đến"))
    started = time.monotonic()
    expect(inbox.locator(".message-row")).to_have_count(5)
    took = time.monotonic() - started
    assert took < 1.0
    assert shown(inbox)[0] == "Thư mới đến"
    expect(inbox.locator(".message-row.is-checked")).to_contain_text("Bảng chấm công")
    expect(inbox).to_have_title(r"(5) Inbox – Hộp Thư")
    expect(inbox.locator("[data-unread-count]")).to_have_text("5")


def test_what_another_program_does_is_seen(
    inbox: Page, person: Person, imap: Callable[..., object]
) -> None:
    expect(inbox.locator("[data-push]")).to_have_attribute("data-push-state", "live")
    program = imap(person)
    program.select("INBOX")  # type: ignore[attr-defined]
    program.store("1", "+FLAGS", "\\Seen \\Flagged")  # type: ignore[attr-defined]
    expect(inbox.locator(".message-row.is-unread")).to_have_count(3)
    program.store("2", "+FLAGS", "\\Deleted")  # type: ignore[attr-defined]
    program.expunge()  # type: ignore[attr-defined]
    expect(inbox.locator(".message-row")).to_have_count(3)


def test_everything_works_without_script(browser: Browser, person: Person, stack: Stack) -> None:
    page = browser.new_context(
        java_script_enabled=False, base_url=stack.url, locale="en-GB"
    ).new_page()
    sign_in(page, person)
    page.goto("/mail/")
    page.get_by_role("link", name="Báo giá vải cotton").click()
    expect(page.locator("main h1")).to_have_text("Báo giá vải cotton")
    page.locator("[data-reader-form] button[value=archive]").click()
    expect(page.locator("main h1")).to_have_text("Hợp đồng thuê kho")
    page.get_by_role("button", name="Undo").click()
    page.goto("/mail/")
    expect(page.locator(".message-row")).to_have_count(4)
    page.locator(".message-row__pick input").nth(0).check()
    page.locator(".message-row__pick input").nth(1).check()
    page.locator("[data-select-bar] [data-move]").click()
    expect(page.locator("main h1")).to_have_text("Move 2 messages to")
    page.locator(".folder-pick label", has_text="Archive").click()
    page.locator("main").get_by_role("button", name="Move").click()
    expect(page.locator(".message-row")).to_have_count(2)
    page.locator("[data-search]").fill("kho")
    page.locator("[data-search]").press("Enter")
    expect(page.locator("h1")).to_contain_text("result")
    page.context.close()


def test_the_phone_shows_one_pane_at_a_time(browser: Browser, person: Person, stack: Stack) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=stack.url, locale="en-GB", has_touch=True
    )
    page = context.new_page()
    sign_in(page, person)
    page.goto("/mail/")
    expect(page.locator("[data-reader]")).to_be_hidden()
    page.get_by_role("link", name="Báo giá vải cotton").click()
    expect(page.locator("[data-reader] h1")).to_be_visible()
    expect(page.locator("[data-list]")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("[data-back]").click()
    expect(page.locator("[data-list]")).to_be_visible()
    context.close()


OFFERED = """() => [...document.querySelectorAll('[data-reader] :is(a, button)')]
  .filter(one => one.checkVisibility())
  .map(one => one.value || ['reply', 'replyAll', 'forward', 'print'].find(name => name in one.dataset)
    || (one.target === '_blank' && 'unsubscribe') || (one.hasAttribute('download') && 'download'))"""


def test_a_phone_offers_what_a_desk_does_with_a_letter(
    inbox: Page, person: Person, stack: Stack
) -> None:
    headers = {"List-Unsubscribe": "<https://partner.test/off>"}
    deliver(stack, person.address, letter(person.address, subject="Bản tin", **headers))
    inbox.get_by_role("link", name="Bản tin").click()
    expect(inbox.locator("[data-reader] h1")).to_have_text("Bản tin")
    offered = []
    for width in (1440, 1024, 390):
        inbox.set_viewport_size({"width": width, "height": 844})
        inbox.locator("[data-reader]").get_by_role("button", name="More").click()
        offered.append(set(inbox.evaluate(OFFERED)) - {None, False})
        inbox.keyboard.press("Escape")
    assert {"reply", "replyAll", "forward", "spam", "unsubscribe", "download"} <= offered[0]
    assert offered[1:] == [offered[0], offered[0]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_list_message_search_and_choice_are_accessible(
    theme: str, browser: Browser, person: Person, stack: Stack
) -> None:
    context = browser.new_context(color_scheme=theme, base_url=stack.url, locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, person)
    page.goto("/mail/")
    seen = {"list": Axe().run(page)}
    page.locator(".message-row__pick").nth(0).click()
    seen["chosen"] = Axe().run(page)
    page.locator(".message-row__pick").nth(0).click()
    page.get_by_role("link", name="Báo giá vải cotton").click()
    expect(page.locator("[data-reader] h1")).to_be_visible()
    seen["message"] = Axe().run(page)
    page.goto(page.locator("form[role=search]").get_attribute("action") + "?q=kho")  # type: ignore[operator]
    seen["search"] = Axe().run(page)
    wrong = {
        where: [
            (v["id"], [n["html"][:120] for n in v["nodes"]]) for v in result.response["violations"]
        ]
        for where, result in seen.items()
    }
    assert {where: found for where, found in wrong.items() if found} == {}
    context.close()


def test_search_results_of_several_folders_are_acted_on_together(
    inbox: Page, person: Person
) -> None:
    inbox.locator(".message-row").nth(0).hover()
    inbox.locator("[data-row-deed=archive]").click()
    expect(inbox.locator(".toast")).to_contain_text("archived")
    inbox.locator("[data-search]").fill("to:" + person.address.partition("@")[0])
    inbox.locator("[data-search]").press("Enter")
    expect(inbox.locator(".message-row")).to_have_count(4)
    inbox.keyboard.press("Escape")
    inbox.locator("[data-select-all]").evaluate("box => box.click()")
    expect(inbox.locator("[data-select-count]")).to_have_text("4 chosen")
    inbox.locator("[data-select-bar] button[value=delete]").click()
    expect(inbox.locator(".message-row")).to_have_count(0)
    expect(inbox.locator(".toast")).to_contain_text("moved to Trash")
