"""Whether an object of others exists is told neither by the answer nor by what it takes to give it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.access import TABLE, Row
from tests.foreign import others_of, pairs
from tests.scene import set_scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.models import User
    from tests.world import World

_SAVEPOINT = re.compile(r'"?s\d+_x\d+"?')


def of_one_noun() -> dict[str, list[Row]]:
    """Return the rows with ids by the noun of their name, such as `domains:mailbox`."""
    found: dict[str, list[Row]] = {}
    for row in TABLE:
        if {"tenant", "reseller", "mailbox"} & set(row.args):
            found.setdefault(row.name.partition("-")[0], []).append(row)
    return found


@pytest.mark.parametrize("rows", of_one_noun().values(), ids=of_one_noun().keys())
def test_what_is_foreign_asks_the_database_what_is_asked_for_what_is_not_there(
    rows: list[Row], world: World
) -> None:
    own = set_scene(world)
    different = {}
    for column, other in others_of(world).items():
        for row, pair in ((each, pair) for each in rows for pair in pairs(each, own, other)):
            foreign = _asked(own.people[column], row, pair.foreign)
            missing = _asked(own.people[column], row, pair.missing)
            if foreign != missing or foreign[0] not in {403, 404} or not foreign[1]:
                different[column, str(row), pair.name] = (foreign, missing)
    assert different == {}


def _asked(person: User, row: Row, path: str) -> tuple[int, list[tuple[str, int]]]:
    """Return the status and every query without its parameters, with the number of rows it found."""
    said: list[tuple[str, int]] = []

    def listen(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        done = execute(sql, *rest)
        said.append((_SAVEPOINT.sub("", sql), rest[-1]["cursor"].rowcount))
        return done

    client = Client()
    with transaction.atomic():
        client.force_login(person)
        with connection.execute_wrapper(listen):
            answer = client.generic(
                row.method,
                path,
                "&".join(f"{key}={value}" for key, value in row.data.items()),
                content_type="application/x-www-form-urlencoded",
            )
        transaction.set_rollback(True)
    return answer.status_code, said
