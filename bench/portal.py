"""The portal at hosting scale: pages, search, creating, deleting, lookups of the daemons, DNS."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import connection
from django.test import Client as InProcess
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.selectors import operator_tenant
from bench import hosting
from bench.browserless import Client
from bench.figures import Figure, p50, p95, timed
from bench.owner import connect
from demo.world import PASSWORD

if TYPE_CHECKING:
    from bench.hosting import Hosting

QUERIES, PAGE_MS = "<= 12", "<= 100"
LISTS = {
    "domains": "domains/",
    "domains_search": "domains/?q=ty77",
    "domains_attention": "domains/?show=attention&sort=-created",
    "mailboxes": "mailboxes/",
    "mailboxes_by_use": "mailboxes/?sort=-usage",
    "mailboxes_by_name": "mailboxes/?sort=name&page=2",
    "mailboxes_full": "mailboxes/?show=full&sort=-usage",
    "mailboxes_last_page": "mailboxes/?page=99999",
    "mailboxes_search_address": "mailboxes/?q=guyen7@congty7",
    "mailboxes_search_name": "mailboxes/?q=tran+duc+an",
    "mailboxes_search_common": "mailboxes/?q=nguyen",
    "mailboxes_search_two_letters": "mailboxes/?q=ng",
    "aliases": "aliases/",
    "aliases_search": "aliases/?q=hom7@congty7",
    "aliases_last_page": "aliases/?page=99999",
    "forwarders": "forwarders/",
    "outgoing": "outgoing/",
    "people": "people/",
    "people_search": "people/?show=all&q=nguyen",
    "audit": "audit/?below=on",
    "audit_search": "audit/?below=on&q=congty77",
    "dashboard": "",
}
OF_RESELLERS = {
    "tenants": "tenants/",
    "tenants_search": "tenants/?q=congty77",
    "plans": "plans/",
}


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the figures; `quick` measures a tenth of the installation with fewer runs."""
    full, runs = (1000, 10) if quick else (hosting.FULL, 20)
    figures = []
    with connect() as owner, owner.cursor() as cursor:
        place, _seconds = _filled(cursor, 1, hosting.SMALL)
        few = _queries(place)
        place, seconds = _filled(cursor, hosting.SMALL + 1, full)
        figures.append(Figure("fill_the_database", seconds, "s", "<= 120"))
        many = _queries(place)
        figures.append(Figure("list_queries_most", max(many.values()), "queries", QUERIES))
        figures.append(
            Figure(
                "list_queries_grown",
                sum(many[name] != few[name] for name in many),
                "pages",
                "<= 0",
            )
        )
        figures += _pages(place, runs)
    return figures


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


def _queries(place: Hosting) -> dict[str, int]:
    """Return how many questions each page asks the database, the second time it is opened."""
    client = InProcess(headers={"host": "localhost"})
    client.force_login(User.objects.get(email=hosting.ADMIN))
    found = {}
    for name, path in _addresses(place).items():
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            status = client.get(path).status_code
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
        found[name] = len(seen)
    return found


def _pages(place: Hosting, runs: int) -> list[Figure]:
    """Time each page over HTTP, through nginx and the web workers."""
    client = Client()
    client.sign_in(hosting.ADMIN, PASSWORD)
    figures = []
    for name, path in _addresses(place).items():
        taken = timed(partial(client.page, path), runs=runs, warm=2)
        figures.append(
            Figure(f"{name}_p95", p95(taken), "ms", PAGE_MS, {"what": "p50", "value": p50(taken)})
        )
    return figures
