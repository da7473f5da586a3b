"""Hostile mail in a real browser: no script runs, nothing is loaded, the page stays itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.conftest import deliver, sign_in
from webmail.selectors.mailboxes import own_mailbox
from webmail.selectors.pages import folder_screen

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page, Request

    from portal.config import Stack
    from tests.world import World

pytestmark = pytest.mark.browser

CORPUS = sorted((Path(__file__).parent.parent / "corpus").glob("*.eml"))


class Witness:
    """Writes down everything a page must not do."""

    def __init__(self, page: Page, stack: Stack) -> None:
        self.host = urlsplit(stack.url).netloc
        self.wrong: list[str] = []
        self.blocked: list[str] = []
        page.on("requestfinished", self._request)
        page.on("requestfailed", self._request)
        page.on("dialog", self._dialog)
        page.on("popup", lambda popup: self.wrong.append(f"popup {popup.url}"))
        page.on("pageerror", lambda error: self.wrong.append(f"script error {error}"))

    def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme == "data" or parts.netloc == self.host:
            return
        if request.failure and request.failure in ("csp", "net::ERR_BLOCKED_BY_CSP"):
            self.blocked.append(request.url)  # stopped before it left the browser
        else:
            self.wrong.append(f"load {request.url} {request.failure}")


@pytest.fixture
def opened(page: Page, live: World, stack: Stack) -> tuple[Page, dict[str, str]]:
    """A signed-in page and the address of each message of the corpus by the name of its file."""
    person = live.person()
    addresses = {}
    me = own_mailbox(person.user, person.box.pk)
    for path in CORPUS:
        deliver(stack, person.address, path.read_bytes())
        listing = folder_screen(me, "INBOX", view="all", number=1).listing
        assert listing is not None
        newest = max(listing.rows, key=lambda row: row.uid)
        addresses[path.stem] = newest.url
    sign_in(page, person)
    return page, addresses


def test_no_message_runs_a_script_or_loads_anything(
    opened: tuple[Page, dict[str, str]], stack: Stack
) -> None:
    page, addresses = opened
    witness = Witness(page, stack)
    for name, address in addresses.items():
        for more in ("", "?dark=1"):
            page.goto(address + more)  # returns once frames and their images are loaded
            assert page.locator("main h1").count() == 1, name
            assert "owned" not in page.title(), name
            for frame in page.frames[1:]:
                assert frame.url.startswith(stack.url), (name, frame.url)
                assert "owned" not in frame.title(), name
        assert witness.wrong == [], name
    page.wait_for_load_state("networkidle")
    assert witness.wrong == []
    assert witness.blocked == []  # the washing left nothing for the policy to stop


def test_shown_images_are_asked_of_our_own_server_only(
    opened: tuple[Page, dict[str, str]], stack: Stack
) -> None:
    page, addresses = opened
    witness = Witness(page, stack)
    for name in ("remote-images", "remote-styles", "remote-inline-styles", "mixed-newsletter"):
        page.goto(f"{addresses[name]}?images=1")
        page.wait_for_load_state("networkidle")
        assert witness.wrong == [], name


def test_the_frame_cannot_run_scripts_even_if_washing_failed(
    opened: tuple[Page, dict[str, str]], stack: Stack
) -> None:
    page, addresses = opened
    witness = Witness(page, stack)
    page.goto(addresses["mixed-newsletter"])
    page.wait_for_load_state("networkidle")
    # what a hole in the sanitiser would leave: the frame's policy is the second wall
    page.evaluate(
        """() => {
          const inside = document.querySelector("iframe[data-message-frame]").contentDocument;
          const image = inside.createElement("img");
          image.setAttribute("onerror", "parent.document.title='owned'");
          image.setAttribute("src", "http://beacon.partner.test/hole.png");
          inside.body.append(image);
          const script = inside.createElement("script");
          script.textContent = "parent.document.title='owned'";
          inside.body.append(script);
          const form = inside.createElement("form");
          form.action = "/accounts/logout/";
          form.method = "post";
          inside.body.append(form);
          form.submit();
        }"""
    )
    page.wait_for_load_state("networkidle")
    assert "owned" not in page.title()
    assert [w for w in witness.wrong if w.startswith("load")] == []
    assert witness.blocked == ["http://beacon.partner.test/hole.png"]
    page.reload()
    assert page.locator("main h1").count() == 1


def test_the_frame_is_as_high_as_its_letter(opened: tuple[Page, dict[str, str]]) -> None:
    page, addresses = opened
    page.goto(addresses["mixed-newsletter"])
    frame = page.locator("iframe[data-message-frame].is-measured")
    frame.wait_for()
    inside = frame.evaluate("f => f.contentDocument.body.scrollHeight")
    height = frame.evaluate("f => f.clientHeight")
    assert abs(height - inside) <= 18
