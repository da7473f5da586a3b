"""A connection as the owner of the tables: may drop indexes and look at statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from portal.config import stack

if TYPE_CHECKING:
    from typing import Any


def connect(role: str = "hopthu_owner") -> psycopg.Connection[Any]:
    """Connect to the running stack's database as `role`, each statement by itself."""
    return psycopg.connect(
        host=str(stack().run / "pg"),
        port=5432,
        dbname="hopthu",
        user=role,
        autocommit=True,
        cursor_factory=psycopg.ClientCursor,
    )
