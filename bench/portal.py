"""The portal at hosting scale: pages, search, creating, deleting, lookups of the daemons, DNS."""

from __future__ import annotations

import itertools
import time
from functools import partial
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import connection
from django.test import Client as InProcess
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.selectors import operator_tenant
from bench import dns_rounds, hosting, importing, lookups
from bench.browserless import Client
from bench.figures import Figure, p50, p95, timed
from bench.owner import connect
from demo.world import PASSWORD
from domains.models import Domain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.hosting import Hosting

QUERIES, PAGE_MS = "<= 12", "<= 100"
GONE_SECONDS = 900.0
OPENED = {"shared": 302, "link": 200, "mailed": 200, "password": 302}  # a link is shown at once
LISTS = {
    "domains": "domains/",
    "domains_search": "domains/?q=ty75",
    "domains_attention": "domains/?show=attention&sort=-created",
    "dns_changes": "domains/changes/",
    "dns_changes_search": "domains/changes/?q=ty75&show=broken",
    "mailboxes": "mailboxes/",
    "mailboxes_by_use": "mailboxes/?sort=-usage",
    "mailboxes_by_name": "mailboxes/?sort=name&page=2",
    "mailboxes_full": "mailboxes/?show=full&sort=-usage",
    "mailboxes_last_page": "mailboxes/?page=99999",
    "mailboxes_search_address": "mailboxes/?q=guyen7@congty5",
    "mailboxes_search_name": "mailboxes/?q=tran+duc+an",
    "mailboxes_search_common": "mailboxes/?q=nguyen",
    "mailboxes_search_two_letters": "mailboxes/?q=ng",
    "aliases": "aliases/",
    "aliases_search": "aliases/?q=hom7@congty5",
    "aliases_last_page": "aliases/?page=99999",
    "forwarders": "forwarders/",
    "outgoing": "outgoing/",
    "people": "people/",
    "people_search": "people/?show=all&q=nguyen",
    "audit": "audit/?below=on",
    "audit_search": "audit/?below=on&q=congty75",
    "dashboard": "",
}
OF_RESELLERS = {
    "tenants": "tenants/",
    "tenants_search": "tenants/?q=congty77",
    "plans": "plans/",
}


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Yield the figures; `quick` measures a tenth of the installation with fewer runs."""
    full, runs = (1000, 10) if quick else (hosting.FULL, 20)
    with connect() as owner, owner.cursor() as cursor:
        place, _seconds = _filled(cursor, 1, hosting.SMALL)
        few = _queries(_addresses(place))
        place, seconds = _filled(cursor, hosting.SMALL + 1, full)
        yield Figure("fill_the_database", seconds, "s", "<= 120")
        many = _queries(_addresses(place))
        # Fewer is no growth: the figures of a large tenant are remembered, those of a small counted.
        grown = sum(many[name] > few[name] for name in many)
        yield Figure("list_queries_most", max(many.values()), "queries", QUERIES)
        yield Figure("list_queries_grown", grown, "pages", "<= 0")
        yield from _server_side(_addresses(place))
        yield from _pages(_addresses(place) | _details(cursor, place), runs)
        yield from _creating(cursor, place, runs)
        yield from lookups.measure(_emails(cursor), runs=runs * 20)
        yield from importing.measure(quick=quick)
        yield from _deleting(cursor, place)
        yield from dns_rounds.measure(cursor, full)


def _filled(cursor: hosting.Cursor, first: int, last: int) -> tuple[Hosting, float]:
    """Fill up to `last` domains unless they are there already."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM domains_domain WHERE name = %(name)s)",
        {"name": hosting.name_of(last)},
    )
    if cursor.fetchone()[0]:
        return hosting.found(cursor), 0.0
    operator = operator_tenant()
    person = User.objects.filter(email="lan@saomai.test").first()
    if operator is None or person is None:
        raise RuntimeError("the demo world is missing")
    begun = time.monotonic()
    with hosting.bare_tables(cursor):
        place = hosting.fill(
            cursor, first=first, last=last, password=person.password, operator=operator.pk
        )
    cursor.execute("VACUUM ANALYZE")
    cache.clear()
    return place, round(time.monotonic() - begun, 1)


def _addresses(place: Hosting) -> dict[str, str]:
    """Return every page by name: those of the reseller, and those of his largest customer."""
    pages = {
        f"reseller_{name}": f"/portal/{place.reseller}/{end}"
        for name, end in (LISTS | OF_RESELLERS).items()
    }
    return pages | {f"huge_{name}": f"/portal/{place.huge}/{end}" for name, end in LISTS.items()}


def _details(cursor: hosting.Cursor, place: Hosting) -> dict[str, str]:
    """Return pages about one thing."""
    cursor.execute(
        "SELECT m.id, a.domain_id, m.owner_id FROM domains_mailbox m"
        " JOIN domains_address a ON a.id = m.address_id"
        " WHERE m.tenant_id = %(tenant)s AND m.status = 'active' ORDER BY m.id LIMIT 1",
        {"tenant": place.huge},
    )
    mailbox, domain, person = cursor.fetchone()
    root = f"/portal/{place.huge}"
    return {
        "domain": f"{root}/domains/{domain}/",
        "domain_dns": f"{root}/domains/{domain}/dns/",
        "mailbox": f"{root}/mailboxes/{mailbox}/",
        "mailbox_form": f"{root}/mailboxes/new/",
        "mailbox_options": f"{root}/mailboxes/options/?part=guyen7",
        "alias_form": f"{root}/aliases/new/",
        "person": f"{root}/people/{person}/",
        "tenant": f"/portal/{place.reseller}/tenants/{place.huge}/",
    }


def _queries(pages: dict[str, str]) -> dict[str, int]:
    """Return how many questions each page asks the database, the second time it is opened."""
    client = InProcess(headers={"host": "localhost"})
    client.force_login(User.objects.get(email=hosting.ADMIN))
    found = {}
    for name, path in pages.items():
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            status = client.get(path).status_code
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
        found[name] = len(seen)
    return found


def _server_side(pages: dict[str, str]) -> Iterator[Figure]:
    """Add up what each page costs by itself: processor of the web process and time in the database.

    On a machine that others load, this says what the page takes, and the clock what they take.
    """
    client = InProcess(headers={"host": "localhost"})
    client.force_login(User.objects.get(email=hosting.ADMIN))
    for name, path in pages.items():
        best = float("inf")
        for _ in range(5):
            begun = time.process_time()
            with CaptureQueriesContext(connection) as seen:
                client.get(path)
            spent = time.process_time() - begun
            asked = sum(float(query["time"]) for query in seen.captured_queries)
            best = min(best, (spent + asked) * 1000)
        yield Figure(f"{name}_cost", round(best, 1), "ms", PAGE_MS)


def _pages(pages: dict[str, str], runs: int) -> Iterator[Figure]:
    """Time each page over HTTP, through nginx and the web workers."""
    client = Client()
    client.sign_in(hosting.ADMIN, PASSWORD)
    for name, path in pages.items():
        taken = timed(partial(client.page, path), runs=runs, warm=2)
        beside = {"what": "p50", "value": p50(taken)}
        yield Figure(f"{name}_p95", p95(taken), "ms", PAGE_MS, beside)


def _creating(cursor: hosting.Cursor, place: Hosting, runs: int) -> Iterator[Figure]:
    """Open mailboxes through the form: what a click costs, and what it asks the database."""
    cursor.execute(
        "SELECT id FROM domains_domain WHERE name = %(name)s", {"name": hosting.name_of(5)}
    )
    (domain,) = cursor.fetchone()
    path = f"/portal/{place.huge}/mailboxes/new/"
    numbers = itertools.count(int(time.time()))
    client = Client()
    client.sign_in(hosting.ADMIN, PASSWORD)
    token = client.token(client.page(path))
    inside = InProcess(headers={"host": "localhost"})
    inside.force_login(User.objects.get(email=hosting.ADMIN))

    def form(entry: str) -> dict[str, str]:
        return {
            "name": "Nguyễn Thử",
            "localpart": f"thu{next(numbers)}",
            "domain": str(domain),
            "quota": "5",
            "entry": "link" if entry == "mailed" else entry,
            "invite_email": f"thu@{hosting.name_of(5)}" if entry == "mailed" else "",
            "password": PASSWORD if entry == "password" else "",
        }

    def create(entry: str) -> None:
        status, _body = client.ask("POST", path, form(entry) | {"csrfmiddlewaretoken": token})
        if status != OPENED[entry]:
            raise RuntimeError(f"creating a mailbox answered {status}")

    for entry, name in (
        ("shared", "create_mailbox"),
        ("link", "create_mailbox_link"),
        ("mailed", "create_mailbox_mailed"),
        ("password", "create_mailbox_password"),
    ):
        taken = timed(partial(create, entry), runs=runs, warm=2)
        with CaptureQueriesContext(connection) as seen:
            inside.post(path, form(entry))
        beside = {"what": "p50", "value": p50(taken)}
        yield Figure(f"{name}_p95", p95(taken), "ms", "", beside)
        yield Figure(f"{name}_p50", p50(taken), "ms", "<= 40")
        yield Figure(f"{name}_queries", len(seen), "queries", QUERIES)


def _deleting(cursor: hosting.Cursor, place: Hosting) -> list[Figure]:
    """End a domain of a thousand mailboxes: the click, then the worker's part."""
    name = f"xoa{int(time.time())}.test"
    hosting.fill_one(cursor, tenant=place.huge, name=name, mailboxes=1000)
    domain = Domain.objects.get(name=name)
    client = Client()
    client.sign_in(hosting.ADMIN, PASSWORD)
    path = f"/portal/{place.huge}/domains/{domain.pk}/delete/"
    form = {"name": name, "grace_days": "0"}
    form["csrfmiddlewaretoken"] = client.token(client.page(path))
    begun = time.monotonic()
    status, _body = client.ask("POST", path, form)
    click = time.monotonic() - begun
    if status != 302:
        raise RuntimeError(f"deleting a domain answered {status}")
    while Domain.objects.filter(pk=domain.pk).exists() and time.monotonic() - begun < GONE_SECONDS:
        time.sleep(1)
    gone = time.monotonic() - begun
    if gone >= GONE_SECONDS:
        raise RuntimeError(f"{name} is not gone after {gone:.0f} s")
    return [
        Figure("delete_domain_1000_click", round(click, 2), "s", "<= 1"),
        Figure("delete_domain_1000_gone", round(gone, 1), "s"),
    ]


def _emails(cursor: hosting.Cursor) -> list[str]:
    """Return addresses of every kind, spread over the whole table."""
    cursor.execute("SELECT email FROM domains_address TABLESAMPLE SYSTEM (1)", {})
    return [email for (email,) in cursor.fetchall()]
