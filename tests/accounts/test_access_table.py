"""Every route, asked by everybody."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse

from tests.access import COLUMNS, ROLES, TABLE, Row
from tests.scene import set_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world import World


ROOMS = ("accounts:", "domains:", "delivery:")


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Yield the full name of every route."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from routes(entry, inner)
        elif isinstance(entry, URLPattern):
            yield f"{prefix}{entry.name}"


def test_every_route_has_a_row() -> None:
    missing = set(routes(get_resolver())) - {row.name for row in TABLE}
    assert missing == set()


def test_every_row_has_a_route() -> None:
    unknown = {row.name for row in TABLE} - set(routes(get_resolver()))
    assert unknown == set()


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_each_column_gets_what_the_table_says(row: Row, world: World) -> None:
    scene = set_scene(world)
    path = reverse(row.name, args=[scene.args[name] for name in row.args])
    wrong = {}
    for column in COLUMNS:
        client = Client(raise_request_exception=True)
        with transaction.atomic():
            if column in scene.people:
                client.force_login(scene.people[column])
            response = client.generic(
                row.method,
                path,
                "&".join(f"{key}={value}" for key, value in row.data.items()),
                content_type="application/x-www-form-urlencoded",
            )
            transaction.set_rollback(True)
        allowed = row.expected[column]
        if response.status_code not in (allowed if isinstance(allowed, frozenset) else {allowed}):
            wrong[column] = (response.status_code, allowed)
    assert wrong == {}


@pytest.mark.parametrize("column", ROLES)
def test_no_page_offers_what_its_reader_may_not_do(column: str, world: World) -> None:
    """Each kind of link is followed once; forms are looked up in the table, by where they go."""
    scene = set_scene(world)
    client = Client()
    client.force_login(scene.people[column])
    rows = {(row.method, row.name): row for row in TABLE}
    followed: set[str] = set()
    dead: dict[str, list[str]] = {}
    for row in TABLE:
        if row.method != "GET" or row.expected[column] != 200 or not row.name.startswith(ROOMS):
            continue
        path = reverse(row.name, args=[scene.args[name] for name in row.args])
        response = client.get(path, row.data)
        if not response["Content-Type"].startswith("text/html"):
            continue
        page = Ways(response.content.decode())
        for where in (urljoin(path, link) for link in page.links):
            name = route_of(where)
            leads_to = rows.get(("GET", name))
            is_dead = leads_to is not None and leads_to.expected[column] in {403, 404}
            if name and name not in followed:
                followed.add(name)
                is_dead = client.get(where).status_code >= 400
            if is_dead:
                dead.setdefault(str(row), []).append(where)
        for where in (urljoin(path, form) for form in page.forms):
            to = rows.get(("POST", route_of(where)))
            if to is not None and to.expected[column] in {403, 404}:
                dead.setdefault(str(row), []).append(where)
    assert len(followed) > 15
    assert dead == {}


class Ways(HTMLParser):
    """Where the links and the forms of a page lead."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append(given.get("href") or "")
        elif tag == "form" and given.get("method") == "post":
            self.forms.append(given.get("action") or "")


def route_of(where: str) -> str:
    """Return the name of the route behind a path of this site; empty for none, and for others."""
    parts = urlsplit(where)
    if parts.scheme or parts.netloc:
        return ""
    try:
        return resolve(parts.path).view_name
    except Resolver404:
        return ""
