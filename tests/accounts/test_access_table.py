"""Every route, asked by everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access import COLUMNS, TABLE, Row
from tests.scene import set_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world import World


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
