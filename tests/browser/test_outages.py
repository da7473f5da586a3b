"""One part after the other goes away, on a stack of its own: the page says so, nothing is lost, it heals."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from portal.config import PORT_OFFSETS, ROOT, Stack
from tests.conftest import deliver, letter, until
from tests.wire.mail import kept_by_partner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("outages")]

SAM = "sam@northwind.test"
STARTS, ENDS, TRIES = 30_000, 15_000, 40_000  # milliseconds


def free_port() -> int:
    """Return a free hundred apart from those of `bin/test`."""

    def is_free(port: int) -> bool:
        try:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

    hundreds = list(range(23_000, 26_900, 100))
    random.shuffle(hundreds)
    return next(
        port for port in hundreds if all(is_free(port + n) for n in (0, 1, *PORT_OFFSETS.values()))
    )


@pytest.fixture(scope="module")
def house() -> Iterator[Stack]:
    """A whole stack that may be hurt."""
    data = Path(tempfile.mkdtemp(prefix="hopthu-outage."))
    data.chmod(0o755)
    port = free_port()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HOPTHU_")}

    def call(*words: str) -> None:
        subprocess.run(
            ["sh", *words], cwd=ROOT, env=clean, check=True, stdout=subprocess.DEVNULL, timeout=240
        )

    try:
        call("bin/start", "--data", str(data), "--port", str(port), "--background")
        yield Stack(data=data, port=port, run_dir=None, site_url="", demo=True)
    finally:
        call("bin/stop", "--data", str(data))
        shutil.rmtree(data)


@pytest.fixture
def down(house: Stack) -> Iterator[Callable[[str], None]]:
    """End a program through the supervisor; whatever the test does, it runs again afterwards."""
    stopped: list[str] = []

    def stop(program: str) -> None:
        stopped.append(program)
        supervisor(house, "stop", program)

    yield stop
    for program in stopped:
        supervisor(house, "start", program)


def supervisor(house: Stack, verb: str, program: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "supervisor.supervisorctl", "-s",
         f"unix://{house.run}/supervisor.sock", verb, program],
        check=False, stdout=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


@pytest.fixture
def enter(house: Stack, browser: Browser) -> Iterator[Callable[[], Page]]:
    """Sign Sam in, who reads English, with fresh cookies."""
    opened: list[BrowserContext] = []
    people = json.loads((house.data / "demo.json").read_text())
    password = next(one["password"] for one in people if one["email"] == SAM)

    def sign_in() -> Page:
        opened.append(
            browser.new_context(
                base_url=house.url, locale="en-GB", viewport={"width": 1440, "height": 900}
            )
        )
        page = opened[-1].new_page()
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(SAM)
        page.locator("input[type=password]").fill(password)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(re.compile(r"/mail/\d+/f/"))
        return page

    yield sign_in
    for context in opened:
        context.close()


@pytest.fixture
def page(enter: Callable[[], Page]) -> Page:
    """Sam's inbox, live."""
    page = enter()
    expect(page.locator("[data-push]")).to_have_attribute("data-push-state", "live")
    return page


def writes(page: Page, to: str, subject: str, text: str = "Chữ của tôi") -> Locator:
    """Begin a letter in the dock and return the dock."""
    page.locator(".folders [data-compose]").click()
    dock = page.locator(".composer--dock.is-live").last
    dock.locator("[data-recipients=to] input[role=combobox]").fill(f"{to},")
    dock.get_by_placeholder("Subject").fill(subject)
    page.frame_locator(".composer__frame").last.locator("body").click()
    page.keyboard.type(text)
    return dock


def says_hello(house: Stack) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", house.mail_port("submission")), 5) as peer:
            return peer.recv(3) == b"220"
    except OSError:
        return False


def outbox(page: Page) -> str:
    return re.sub(r"(/mail/\d+/).*", r"\1outbox/", page.url)


def hastener(page: Page, subject: str) -> Callable[[], None]:
    """Wait until the letter waits for its next try; return what "Try now" does."""
    row = page.locator(".outgoing", has_text=subject).first
    expect(row).to_contain_text("Waiting for the next try", timeout=TRIES)
    action = row.locator("form[action$='/retry/']").get_attribute("action") or ""
    token = row.locator("input[name=csrfmiddlewaretoken]").first.input_value()

    def hasten() -> None:
        page.request.post(action, form={"csrfmiddlewaretoken": token})

    return hasten


def address() -> str:
    return f"khach-{uuid4().hex}@partner.test"


def arrives(house: Stack, to: str, subject: str) -> None:
    until(lambda: kept_by_partner(house, to, "Message-ID"), seconds=100, what=f"{subject} outside")
    assert len(list((house.data / "outside" / to).glob("*.eml"))) == 1


def test_without_the_mail_store_letters_are_still_written_and_sent(
    house: Stack, page: Page, enter: Callable[[], Page], down: Callable[[str], None]
) -> None:
    other, to = enter(), address()
    unsent = writes(other, "robin@northwind.test", "Chưa gửi", "còn dở dang")
    sent = writes(page, to, "Đi khi kho thư nghỉ")
    down("stack:dovecot")
    page.keyboard.type(" và thêm")
    expect(sent.locator("[data-saved]")).to_contain_text("mail store does not answer", timeout=ENDS)
    sent.locator("[data-send]").click()
    expect(page.locator("[data-sent-toast]")).to_contain_text("Sending")
    page.goto(outbox(page))
    expect(page.locator("#outgoing")).to_contain_text("Đi khi kho thư nghỉ")
    expect(page.locator(".banner")).to_contain_text("kept here and leaves by itself")
    hasten = hastener(page, "Đi khi kho thư nghỉ")
    page.goto("/mail/")
    expect(page.locator("h1")).to_have_text("Mail cannot be reached right now")
    supervisor(house, "start", "stack:dovecot")
    expect(page.locator(".message-row").first).to_be_visible(timeout=STARTS)
    expect(unsent.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d"), timeout=STARTS)
    hasten()
    arrives(house, to, "the letter")
    page.locator('.folders [data-key="sent"]').click()
    expect(page.get_by_role("link", name="Đi khi kho thư nghỉ")).to_be_visible(timeout=STARTS)


def test_without_redis_pages_signing_in_and_sending_work(
    house: Stack, page: Page, enter: Callable[[], Page], down: Callable[[str], None]
) -> None:
    to = address()
    down("store:redis")
    expect(page.locator("[data-push-word]")).to_have_text("Reconnecting", timeout=ENDS)
    other = enter()
    expect(other.locator(".message-row").first).to_be_visible()
    deliver(house, SAM, letter(SAM, subject="Không có Redis"))
    other.reload()
    expect(other.locator(".message-row").first).to_contain_text("Không có Redis")
    sent = writes(page, to, "Đi khi Redis nghỉ")
    sent.locator("[data-send]").click()
    expect(page.locator("[data-sent-toast]")).to_contain_text("Sending")
    page.goto(outbox(page))
    expect(page.locator("#outgoing")).to_contain_text("Đi khi Redis nghỉ")
    supervisor(house, "start", "store:redis")
    arrives(house, to, "the letter")
    page.goto("/mail/")
    expect(page.locator("[data-push-word]")).to_have_text("Live", timeout=STARTS)


def test_without_postfix_letters_wait_and_say_why(
    house: Stack, page: Page, down: Callable[[str], None]
) -> None:
    to = address()
    down("stack:postfix")
    writes(page, to, "Đi khi Postfix nghỉ").locator("[data-send]").click()
    page.locator("[data-sent-toast]").get_by_role("link", name="View").click()
    row = page.locator(".outgoing", has_text="Đi khi Postfix nghỉ").first
    row.get_by_role("button", name="Send now").click()
    expect(row).to_contain_text("Waiting for the next try", timeout=TRIES)
    expect(row).to_contain_text("Our mail server did not answer.")
    hasten = hastener(page, "Đi khi Postfix nghỉ")
    supervisor(house, "start", "stack:postfix")
    until(lambda: says_hello(house), seconds=20, what="Postfix")
    hasten()
    arrives(house, to, "the letter")
    expect(page.locator("#outgoing tr", has_text="Đi khi Postfix nghỉ").first).to_contain_text(
        "Delivered", timeout=TRIES
    )


def test_without_the_database_the_page_says_so_soon_and_the_letter_stays(
    house: Stack, page: Page, down: Callable[[str], None]
) -> None:
    to = address()
    dock = writes(page, to, "Đi khi cơ sở dữ liệu nghỉ")
    expect(dock.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d"), timeout=ENDS)
    down("store:postgres")
    started = time.monotonic()
    answer = page.request.get("/mail/")
    assert (answer.status, time.monotonic() - started < 4) == (503, True)
    assert "does not answer" in answer.text()
    dock.locator("[data-send]").click()
    expect(dock.locator("[data-errors]")).to_contain_text("does not answer", timeout=ENDS)
    supervisor(house, "start", "store:postgres")
    until(lambda: page.request.get("/mail/").ok, seconds=30, what="the page again")
    dock.locator("[data-send]").click()
    expect(page.locator("[data-sent-toast]")).to_contain_text("Sending")
    arrives(house, to, "the letter")


def test_a_database_that_ends_by_itself_is_started_again(house: Stack, page: Page) -> None:
    """Also when it ends well: an operator's `pg_ctl stop` must not leave the house without one."""

    def postmaster() -> int:
        try:
            return int((house.data / "pg" / "postmaster.pid").read_text().split()[0])
        except (OSError, IndexError):
            return 0

    before = postmaster()
    os.kill(before, signal.SIGINT)  # fast shutdown: exit code 0
    until(lambda: postmaster() not in {0, before}, seconds=30, what="another postmaster")
    until(lambda: page.request.get("/mail/").ok, seconds=30, what="the page again")
