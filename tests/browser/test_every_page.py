"""Every page of the portal and of one's account: clean for axe, quiet in the console, never too wide.

The pages come from the access table, so a new route is looked at without being named here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from django.conf import settings
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Role
from accounts.services.invite_person import invite_person
from domains.models import Consent, Departure, DomainStatus
from domains.services.ask_consent import hash_of
from domains.services.register_domain import register_domain
from domains.services.set_forwarder import create_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.start_rotation import start_rotation
from domains.views.dns import SALT
from tests.access import READING, TABLE, WRITING, Row
from tests.scene import Scene, set_scene
from tests.world import unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

    from accounts.models import User
    from tests.world import World

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__path__[0]) / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]  # what the dark scheme can change
WINDOWS = ({"width": 1440, "height": 900}, {"width": 390, "height": 844})
SMALL_DESK = {"width": 1024, "height": 768}
# Who looks: the first of them whom the table lets in.
LOOKERS = ("anonymous", "company_admin", "reseller", "operator", "staff")
SHOWN = {200, 404, 422}  # statuses that come with a page
SHARDS = 4  # the suite runs in several processes


@dataclass(frozen=True, slots=True)
class Look:
    """One page and who opens it; `data` makes it a form that is sent."""

    address: str
    person: User | None
    data: dict[str, str] | None = None


@pytest.fixture(scope="module")
def window(
    browser: object, base_url: str, browser_context_args: dict[str, object]
) -> Iterator[BrowserContext]:
    """One window for all pages; who sits before it changes by cookie."""
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    context = browser.new_context(**browser_context_args, reduced_motion="reduce")  # type: ignore[arg-type]  # a plain dict is what it takes
    yield context
    context.close()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_pages_of_the_table(live: World, window: BrowserContext, shard: int) -> None:
    scene = set_scene(live)
    mail = {row.name for row in (*READING, *WRITING)}
    rows = [row for row in TABLE if row.name not in mail]
    looks = [look for row in rows if (look := look_of(row, scene)) is not None]
    assert examine(window, looks[shard::SHARDS]) == {}


def test_pages_that_hang_on_a_token_or_a_state(live: World, window: BrowserContext) -> None:
    scene = set_scene(live)
    admin, below = scene.people["company_admin"], f"/portal/{live.tenant.pk}"
    system = Actor.system(live.tenant)
    waiting = register_domain(actor=system, tenant=live.tenant, name=f"{unique('new')}.test")
    guest = f"{unique('guest')}@partner.test"
    invitation = invite_person(
        actor=system, tenant=live.tenant, email=guest, role=Role.AUDITOR, mail=False
    )
    shared = signing.dumps([waiting.pk, waiting.ownership_token[:8]], salt=SALT)
    assert waiting.status == DomainStatus.PENDING
    consents = []
    for place, moments in enumerate(
        ({}, {"confirmed_at": timezone.now()}, {"stopped_at": timezone.now()})
    ):
        consents.append(unique("token"))
        Consent.objects.create(
            tenant=live.tenant,
            email=f"an{place}@partner.test",
            token_sha256=hash_of(consents[-1]),
            requested_at=timezone.now(),
            mailed_at=timezone.now(),
            expires_at=timezone.now() + timedelta(days=1),
            **moments,
        )
    forwarder = create_forwarder(
        actor=system,
        domain=live.domain,
        localpart=unique("f"),
        targets=[f"an{place}@partner.test" for place in range(4)],
    )
    away = live.person()
    set_forwarding(
        actor=system,
        mailbox=away.box,
        targets=["an0@partner.test", "an1@partner.test"],
        keep_copy=False,
    )
    start_rotation(actor=system, domain=live.domain)
    leaving = Departure.objects.get(pk=scene.args["departure"])
    looks = [
        Look(f"{below}/domains/{live.domain.pk}/dns/", admin),
        Look(urlsplit(invitation.url).path, None),
        Look(reverse("domains:dns-shared", args=[shared]), None),
        *(Look(reverse("consents:answer", args=[token]), None) for token in consents),
        Look(f"{below}/forwarders/{forwarder.pk}/", admin),
        Look(f"{below}/mailboxes/{away.box.pk}/", admin),
        Look(
            reverse("webmail:handed", args=[scene.args["mailbox"], scene.args["departure"]]),
            scene.people["staff"],
        ),
        Look(f"{below}/mailboxes/{leaving.mailbox_id}/leaver/", admin),
        Look("/nothing-here/", None),
        Look("/nothing-here/", admin),
        Look(f"{below}/domains/{waiting.pk}/", admin),
        Look(f"{below}/domains/{waiting.pk}/dns/", admin),
        Look(f"{below}/domains/{waiting.pk}/setup/", admin),
        *(
            Look(f"{below}/{page}/?q=zzz-nobody", admin)
            for page in ("domains", "mailboxes", "aliases", "forwarders", "people", "audit")
        ),
        Look(f"{below}/people/?show=all", admin),
        Look(f"/portal/{live.reseller.pk}/tenants/?q=zzz", scene.people["reseller"]),
    ]
    assert examine(window, looks) == {}


def look_of(row: Row, scene: Scene) -> Look | None:
    """Return how to see the page of a row; None where it only leads on."""
    looker = next((one for one in LOOKERS if row.expected[one] in SHOWN), None)
    if looker is None or (row.method == "POST" and row.expected[looker] == 404):
        return None
    address = reverse(row.name, args=[scene.args[name] for name in row.args])
    data = dict(row.data) if row.method == "POST" else None
    return Look(address, scene.people.get(looker), data)


def examine(context: BrowserContext, looks: list[Look]) -> dict[str, list[str]]:
    """Open each page once, in both schemes and both widths; return what is wrong where."""
    page = context.new_page()
    noise: list[str] = []
    page.on("console", lambda message: noise.extend(complaint(message, page)))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("response", lambda response: noise.extend(failure(response)))
    entering = Entering(context)
    wrong: dict[str, list[str]] = {}
    for look in looks:
        entering.as_person(look.person)
        noise.clear()
        if not opened(page, look):
            continue
        told = [*faults(page), *noise]
        if told:
            wrong[f"{'POST ' if look.data is not None else ''}{look.address}"] = told
    page.close()
    return wrong


class Entering:
    """Signs people in by the cookie alone; each has one session."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.keys: dict[int, str] = {}
        self.now: int | None = -1

    def as_person(self, person: User | None) -> None:
        """Sit somebody before the window; None: nobody is signed in."""
        pk = person.pk if person else None
        if pk == self.now:
            return
        self.now = pk
        self.context.clear_cookies()
        if person is None:
            return
        if person.pk not in self.keys:
            client = Client()
            client.force_login(person)
            self.keys[person.pk] = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": self.keys[person.pk],
                    "domain": "localhost",
                    "path": "/",
                }
            ]
        )


SEND = """([action, data, token]) => {
  const form = Object.assign(document.createElement('form'), {action, method: 'post'});
  for (const [name, value] of Object.entries({...data, csrfmiddlewaretoken: token}))
    form.append(Object.assign(document.createElement('input'), {type: 'hidden', name, value}));
  document.body.append(form);
  form.submit();
}"""


def opened(page: Page, look: Look) -> bool:
    """Open the page; False when the address gives a file or a piece of a page."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(WINDOWS[0])  # type: ignore[arg-type]  # a plain dict is what it takes
    if look.data is not None:
        page.goto("/settings/profile/" if look.person else "/accounts/login/")
        token = json.loads(page.locator("body").get_attribute("hx-headers") or "{}")["X-CSRFToken"]
        with page.expect_navigation():
            page.evaluate(SEND, [look.address, look.data, token])
        return bool(page.locator("main").count())
    answer = page.request.get(look.address, max_redirects=0)
    if not answer.text().lstrip().lower().startswith("<!doctype html"):
        return False
    page.goto(look.address)
    return True


def faults(page: Page) -> list[str]:
    """Return what axe finds in both schemes and both widths, and what overflows there and between."""
    told: list[str] = []
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for window in WINDOWS if scheme == "light" else WINDOWS[::-1]:
            page.set_viewport_size(window)  # type: ignore[arg-type]  # a plain dict is what it takes
            where = f"{scheme} {window['width']}"
            found = page.evaluate(
                "rules => axe.run({runOnly: rules, resultTypes: ['violations']})"
                ".then(all => all.violations.map(one => `${one.id}: ${one.nodes[0].html}`))",
                RULES if scheme == "light" else RULES_OF_COLOUR,
            )
            told += [f"{where}: {one[:200]}" for one in found]
            told += [f"{where}: {one}" for one in page.evaluate(OVERFLOWS)]
    page.set_viewport_size(SMALL_DESK)  # type: ignore[arg-type]
    return told + [f"{SMALL_DESK['width']}: {one}" for one in page.evaluate(OVERFLOWS)]


# The page itself and its scrolling middle; a table may scroll in a frame of its own. A frame that
# fills the window scrolls inside only: below it there is nothing to scroll to.
OVERFLOWS = """() => [...[document.scrollingElement, document.querySelector('.portal__page'),
  document.querySelector('main')]
  .filter(one => one && one.scrollWidth > one.clientWidth)
  .map(one => `${one.tagName} is ${one.scrollWidth - one.clientWidth} px too wide`),
  ...[document.scrollingElement]
  .filter(one => document.querySelector('.portal, .frame') && one.scrollHeight > one.clientHeight)
  .map(one => `the window scrolls ${one.scrollHeight - one.clientHeight} px below its frame`)]"""


def complaint(message: ConsoleMessage, page: Page) -> list[str]:
    """Return what the console says, but not that the page itself is a 404 or a refused form."""
    told = message.type in {"error", "warning"}
    of_the_page = message.location.get("url", "").partition("#")[0] == page.url.partition("#")[0]
    if not told or (of_the_page and "Failed to load resource" in message.text):
        return []
    return [f"console: {message.text[:200]}"]


def failure(response: Response) -> list[str]:
    """Return which part of a page did not load."""
    if response.status < 400 or response.request.is_navigation_request():
        return []
    return [f"{response.status} {response.url}"]
