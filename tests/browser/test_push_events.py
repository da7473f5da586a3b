"""The page hears of changed folders: one stream per browser, however many tabs are open."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from delivery.events import FolderChanged, ask_everybody_to_resync, publish_folder_changed
from portal.config import ROOT, Stack
from tests.conftest import until
from tests.wire.test_push import cookie, identifier, listening
from tests.world import Person, World

pytestmark = pytest.mark.browser

_SCRIPT = ROOT / "static" / "js" / "webmail" / "push.js"
_PAGE = """<!doctype html><html lang="en"><title>push</title>
<p class="live-pill" role="status" data-push="/push/{mailbox}/" data-push-poll="{poll}"
  data-live="Live" data-reconnecting="Reconnecting" data-offline="Offline"
  ><span class="dot"></span><span data-push-word></span></p>
<ol id="heard"></ol>
<script type="module" src="/try/listen.js"></script><script type="module" src="/try/push.js"></script>"""
_LISTEN = """
for (const name of ["hopthu:folder", "hopthu:resync"]) document.addEventListener(name, (event) => {
  const row = document.createElement("li");
  row.textContent = name + " " + (event.detail.folder ?? event.detail.reason) + " " + (event.detail.kind ?? "");
  document.getElementById("heard").append(row);
});
"""


class Browser:
    """One browser whose tabs listen to a person's mailbox; no page of ours around the script."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.streams = 0
        context.route("**/try/push.js", lambda route: _script(route, _SCRIPT.read_text()))
        context.route("**/try/listen.js", lambda route: _script(route, _LISTEN))
        context.on("request", self._count)

    def tab(self, person: Person, *, poll: int = 90) -> Page:
        """Sign the person in and open a tab."""
        name, _, value = cookie(person.user).partition("=")
        self.context.add_cookies([{"name": name, "value": value, "url": self.url}])
        body = _PAGE.format(mailbox=person.box.pk, poll=poll)
        self.context.route(
            "**/try/page", lambda route: route.fulfill(body=body, content_type="text/html")
        )
        page = self.context.new_page()
        page.goto("/try/page")
        return page

    def _count(self, request: Request) -> None:
        self.streams += "/push/" in request.url and "/try/" not in request.url


def _script(route: Route, text: str) -> None:
    route.fulfill(body=text, content_type="text/javascript")


@pytest.fixture
def browsing(new_context: Callable[..., BrowserContext], stack: Stack) -> Browser:
    """A fresh browser."""
    return Browser(new_context(), stack.url)


def test_a_change_reaches_the_page_and_the_pill_says_live(live: World, browsing: Browser) -> None:
    person = live.person()
    page = browsing.tab(person)
    expect(page.locator("[data-push-word]")).to_have_text("Live")
    expect(page.locator(".live-pill")).to_have_class(re.compile("tone-success"))
    publish_folder_changed(FolderChanged(person.address, "Dự án", "new", 1, 7, 7))
    heard = page.locator("#heard li", has_text="hopthu:folder")
    expect(heard).to_have_text(f"hopthu:folder {identifier('Dự án')} new")


def test_every_tab_hears_it_and_another_takes_over_when_the_first_goes(
    live: World, browsing: Browser
) -> None:
    person = live.person()
    first = browsing.tab(person)
    expect(first.locator("[data-push-word]")).to_have_text("Live")
    second = browsing.tab(person)
    expect(second.locator("[data-push-word]")).to_have_text("Live")
    publish_folder_changed(FolderChanged(person.address, "INBOX", "flags"))
    for page in (first, second):
        expect(page.locator("#heard li", has_text="hopthu:folder")).to_have_count(1)
    assert browsing.streams == 1
    first.close()
    publish_until_heard(person, second)


def publish_until_heard(person: Person, page: Page) -> None:
    """The new stream opens within moments; until then an event may go by."""

    def heard() -> int:
        publish_folder_changed(FolderChanged(person.address, "Sent", "append"))
        return page.locator("#heard li", has_text=identifier("Sent")).count()

    until(heard, what="another tab took over")


def test_lost_events_make_the_page_look_again(live: World, browsing: Browser) -> None:
    page = browsing.tab(live.person())
    expect(page.locator("[data-push-word]")).to_have_text("Live")
    ask_everybody_to_resync()
    expect(page.locator("#heard li").first).to_have_text("hopthu:resync lost")


def test_what_changed_before_the_stream_was_open_makes_the_page_look_again(
    stack: Stack, live: World, browsing: Browser
) -> None:
    person = live.person()

    def late(route: Route) -> None:
        with listening(stack, person) as earlier:
            publish_folder_changed(FolderChanged(person.address, "INBOX", "new"))
            earlier.change("INBOX", "new")
        route.continue_()

    browsing.context.route(re.compile("/push/"), late)
    page = browsing.tab(person)
    expect(page.locator("#heard li").first).to_contain_text("hopthu:resync lost")


def test_offline_is_said_and_coming_back_looks_again(live: World, browsing: Browser) -> None:
    page = browsing.tab(live.person())
    expect(page.locator("[data-push-word]")).to_have_text("Live")
    page.context.set_offline(True)
    expect(page.locator("[data-push-word]")).to_have_text("Offline")
    page.context.set_offline(False)
    expect(page.locator("[data-push-word]")).to_have_text("Live", timeout=15_000)
    expect(page.locator("#heard li", has_text="reconnected")).not_to_have_count(0)


def test_who_may_not_listen_is_told_offline(live: World, browsing: Browser) -> None:
    person, other = live.person(), live.person()
    page = browsing.tab(Person(person.user, other.box))
    expect(page.locator("[data-push-word]")).to_have_text("Offline")


def test_without_events_the_page_polls(live: World, browsing: Browser) -> None:
    page = browsing.tab(live.person(), poll=1)
    expect(page.locator("#heard li", has_text="poll")).not_to_have_count(0, timeout=15_000)
