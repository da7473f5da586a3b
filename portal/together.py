"""Inserts rows of several tables by one question to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.sql import InsertQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model


def insert_together(*groups: Sequence[Model]) -> None:
    """Insert all rows, each group of one model. Raises IntegrityError.

    Rows name each other by keys that the caller gave them; no key is read back, so that what has
    none keeps none here. References are checked at commit, whatever the order.
    """
    parts: list[str] = []
    values: list[Any] = []
    for rows in groups:
        options = rows[0]._meta  # noqa: SLF001  Django's own door
        query = InsertQuery(type(rows[0]))
        fields = [f for f in options.local_concrete_fields if not f.primary_key or rows[0].pk]
        query.insert_values(fields, list(rows))
        for sql, params in query.get_compiler(DEFAULT_DB_ALIAS).as_sql():
            parts.append(f"part{len(parts)} AS ({sql})")
            values += params
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(parts)} SELECT", values)
    for row in (row for rows in groups for row in rows):
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001  as save() does
