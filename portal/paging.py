"""Pages of a list: fixed size, a count, and links that keep the other query parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from django.db.models import Model, QuerySet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

PAGE_SIZE = 50
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows. `number` counts from 1; `first` and `last` count rows from 1 (0: none)."""

    rows: Sequence[Row]
    number: int
    total: int
    size: int
    query: str  # other query parameters, ready to be followed by "page=N"

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Position of the first row shown."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Position of the last row shown."""
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def previous(self) -> int | None:
        """Number of the page before, None on the first."""
        return self.number - 1 if self.number > 1 else None

    @property
    def following(self) -> int | None:
        """Number of the page after, None on the last."""
        return self.number + 1 if self.number < self.pages else None


def paged(
    rows: QuerySet[Row], params: QueryDict, *, size: int = PAGE_SIZE, total: int | None = None
) -> Page[Row]:
    """Return the page that `params["page"]` asks for; anything else than a number means the first.

    Causes two queries, the count and the rows; one where the caller knows `total`.
    """
    total = rows.count() if total is None else total
    asked = params.get("page", "1")
    pages = max(1, -(-total // size))
    number = (
        min(max(int(asked), 1), pages)
        if asked.isascii() and asked.isdigit() and len(asked) < 9
        else 1
    )
    rest = params.copy()
    rest.pop("page", None)
    query = rest.urlencode()
    start = (number - 1) * size
    return Page(list(rows[start : start + size]), number, total, size, f"{query}&" if query else "")
