"""Sortable columns: which one is chosen, and the link that chooses or turns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import QueryDict


@dataclass(frozen=True, slots=True)
class Sorting:
    """The order of a list. `query` is the other parameters, ready to be followed by "sort=…"."""

    key: str
    descending: bool
    order_by: tuple[str, ...]
    query: str

    def aria(self, key: str) -> str:
        """Return the aria-sort value of the column `key`."""
        if key != self.key:
            return "none"
        return "descending" if self.descending else "ascending"

    def link(self, key: str) -> str:
        """Return the query string that sorts by `key`, or turns it around when it is chosen."""
        turned = key == self.key and not self.descending
        return f"?{self.query}sort={'-' if turned else ''}{key}"


def sorting(params: QueryDict, columns: Mapping[str, Sequence[str]], *, default: str) -> Sorting:
    """Return the order that `params["sort"]` asks for; unknown columns give `default`.

    `columns` maps a name to ORM fields; `default` may begin with "-". The primary key always
    comes last, so that pages never overlap.
    """
    asked = params.get("sort", default)
    if asked.removeprefix("-") not in columns:
        asked = default
    key, descending = asked.removeprefix("-"), asked.startswith("-")
    fields = [_turned(field) if descending else field for field in (*columns[key], "pk")]
    rest = params.copy()
    rest.pop("sort", None)
    rest.pop("page", None)
    query = rest.urlencode()
    return Sorting(key, descending, tuple(fields), f"{query}&" if query else "")


def _turned(field: str) -> str:
    return field.removeprefix("-") if field.startswith("-") else f"-{field}"
