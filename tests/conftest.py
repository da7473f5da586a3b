"""Fixtures of the suite: the running stack, a company of one's own, a browser, mail clients."""

from __future__ import annotations

import asyncio
import imaplib
import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import make_msgid
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from django.utils import translation

from portal.config import Stack
from portal.config import stack as running_stack
from tests.world import Person, World, make_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Page
    from pytest_django.plugin import DjangoDbBlocker

T = TypeVar("T")

# Playwright's synchronous interface runs on a loop of its own; the database is still used by one thread.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def until(condition: Callable[[], T], *, seconds: float = 15, what: str = "") -> T:
    """Return the first truthy value of `condition`, asked again and again; fail after `seconds`."""
    pause = Event()
    end = monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if monotonic() > end:
            pytest.fail(f"not within {seconds} s: {what or condition}")
        pause.wait(0.03)


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running installation."""
    return running_stack()


@pytest.fixture(autouse=True)
def _no_loop_of_the_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide playwright's running loop from tests without a browser: they may run loops of our own."""
    if request.node.get_closest_marker("browser"):
        yield
        return
    loop = asyncio._get_running_loop()  # playwright leaves it set between its calls
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Start each test in English: requests and jobs of the one before leave their language behind."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """Use the stack's own database: no second one is made."""


@pytest.fixture(scope="session", autouse=True)
def _test_client_is_known() -> None:
    """Django's test client calls the site by a name of its own."""
    from django.conf import settings

    settings.SITE_HOSTS = settings.SITE_HOSTS | {"testserver"}


@pytest.fixture(scope="session", autouse=True)
def _pool_without_watching() -> None:
    """Keep the IMAP pool's own thread from a database that pytest-django guards."""
    from webmail.imap.pool import POOL

    POOL.follow(list)


@pytest.fixture
def transactional_db() -> None:
    """Refuse: flushing tables would empty the running stack."""
    pytest.fail("use `db` (rolled back) or `committed` (stays, unique names)")


@pytest.fixture
def committed(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let a test write rows that the running daemons see at once."""
    with django_db_blocker.unblock():
        yield
        from django.db import connections

        connections.close_all()


@pytest.fixture
def world(db: None) -> World:
    """A company inside the test's own transaction: invisible outside, rolled back."""
    return make_world()


@pytest.fixture
def live(committed: None) -> World:
    """A company the running stack serves."""
    return make_world()


# ---- mail clients


@pytest.fixture(scope="session")
def tls(stack: Stack) -> ssl.SSLContext:
    """Trust in the stack's own certificate authority, as a mail client has it."""
    context = ssl.create_default_context(cafile=str(stack.data / "ca.pem"))
    context.check_hostname = False
    return context


def letter(
    to: str,
    *,
    subject: str = "Xin chào",
    text: str = "Một lá thư thử.\n",
    sender: str = "an@partner.test",
    **headers: str,
) -> EmailMessage:
    """Return a plain message."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = make_msgid(domain="partner.test")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def deliver(
    stack: Stack, to: str, message: EmailMessage | bytes, sender: str = "an@partner.test"
) -> None:
    """Hand a message to Dovecot by LMTP on the loopback port; returns after its 250."""
    with smtplib.LMTP("127.0.0.1", stack.mail_port("lmtp")) as client:
        data = message if isinstance(message, bytes) else message.as_bytes()
        client.sendmail(sender, [to], data)


@pytest.fixture
def imap(stack: Stack, tls: ssl.SSLContext) -> Iterator[Callable[[Person], imaplib.IMAP4_SSL]]:
    """Sign a person in over IMAPS as a mail program does."""
    opened: list[imaplib.IMAP4_SSL] = []

    def connect(person: Person) -> imaplib.IMAP4_SSL:
        client = imaplib.IMAP4_SSL(
            "127.0.0.1", stack.mail_port("imaps"), ssl_context=tls, timeout=10
        )
        client.authenticate("PLAIN", lambda _: f"\0{person.address}\0{person.password}".encode())
        opened.append(client)
        return client

    yield connect
    for client in opened:
        client.shutdown()


# ---- browser


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium: playwright's own cannot be fetched."""
    return {
        "executable_path": "/usr/bin/chromium",
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(base_url: str) -> dict[str, Any]:
    """A desktop in English; tests that want another say so."""
    return {
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-GB",
        "base_url": base_url,
    }


@pytest.fixture(scope="session")
def base_url(stack: Stack) -> str:
    """The address of the web pages."""
    return stack.url


def sign_in(page: Page, person: Person, *, password: str | None = None) -> None:
    """Sign a person in through the form and wait for the page behind it."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.address)
    page.locator("input[type=password]").fill(password or person.password)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


@pytest.fixture
def signed_in(page: Page) -> Callable[[Person], Page]:
    """Return a page where the given person is signed in."""

    def enter(person: Person) -> Page:
        sign_in(page, person)
        return page

    return enter


@pytest.fixture
def another_browser(new_context: Callable[..., BrowserContext]) -> Callable[[Person], Page]:
    """Sign somebody in with cookies of his own, beside the first page."""

    def enter(person: Person) -> Page:
        page = new_context().new_page()
        sign_in(page, person)
        return page

    return enter
