"""Pages of a list: fixed size, a count, and links that keep the other query parameters.

A page far from the first one is not reached by reading all before it: "Next" and "Previous" carry the
sort values of the row they start from, and pages of the second half are read from the end.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

PAGE_SIZE = 50
MOST_COUNTED = 10_000  # where nobody knows the total, counting on would cost more than it tells
_STEPS = ("after", "before")
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows. `number` counts from 1; `first` and `last` count rows from 1 (0: none)."""

    rows: Sequence[Row]
    number: int
    total: int
    size: int
    query: str  # other query parameters, ready to be followed by "page=N"
    is_cut: bool = False  # there are more than `total`
    prefix: str = ""  # of its parameters, where a page shows several lists
    before: str = ""  # where the rows begin and end, for the links to the neighbours
    after: str = ""

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

    @property
    def previous_query(self) -> str:
        """The query string of the page before."""
        step = f"&{self.prefix}before={self.before}" if self.before and self.number > 2 else ""
        return f"{self.query}{self.prefix}page={self.number - 1}{step}"

    @property
    def following_query(self) -> str:
        """The query string of the page after."""
        step = f"&{self.prefix}after={self.after}" if self.after else ""
        return f"{self.query}{self.prefix}page={self.number + 1}{step}"


def paged(
    rows: QuerySet[Row],
    params: QueryDict,
    *,
    size: int = PAGE_SIZE,
    total: int | None = None,
    at_most: int | None = None,
    prefix: str = "",
) -> Page[Row]:
    """Return the page that `params["page"]` asks for; anything else than a number means the first.

    With `prefix`, its parameters begin with it: for the second list of a page.

    Causes two queries, the count and the rows; one where the caller knows `total`. With `at_most`
    no more than so many are counted, and pages end there.
    """
    is_cut = False
    if total is None:
        total = rows.count() if at_most is None else rows.order_by()[: at_most + 1].count()
        is_cut = at_most is not None and total > at_most
        total = min(total, at_most) if at_most is not None else total
    asked = params.get(f"{prefix}page", "1")
    pages = max(1, -(-total // size))
    number = (
        min(max(int(asked), 1), pages)
        if asked.isascii() and asked.isdigit() and len(asked) < 9
        else 1
    )
    rest = params.copy()
    for name in ("page", *_STEPS):
        rest.pop(prefix + name, None)
    query = rest.urlencode()
    keys = _sort_keys(rows)
    after, before = (params.get(prefix + name, "") for name in _STEPS)
    shown = _rows(rows, keys, after, before, number=number, total=total, size=size, is_cut=is_cut)
    return Page(
        shown,
        number,
        total,
        size,
        f"{query}&" if query else "",
        is_cut,
        prefix,
        _place(shown[0], keys) if shown and keys else "",
        _place(shown[-1], keys) if shown and keys else "",
    )


@dataclass(frozen=True, slots=True)
class _Key:
    """One term of the order: an ORM path, its field and direction."""

    path: str
    field: Field[Any, Any]
    descending: bool

    def beyond(self, value: object, *, backwards: bool, inclusive: bool = False) -> Q:
        """Return the condition for rows past `value` in the order, or before it."""
        sign = "lt" if self.descending != backwards else "gt"
        return Q(**{f"{self.path}__{sign}{'e' if inclusive else ''}": value})


def _rows(
    rows: QuerySet[Row],
    keys: Sequence[_Key],
    after: str,
    before: str,
    *,
    number: int,
    total: int,
    size: int,
    is_cut: bool,
) -> list[Row]:
    start = (number - 1) * size
    count = min(size, total - start)
    if number > 1 and keys:
        if (values := _read(after, keys)) is not None:
            return list(rows.filter(_beyond(keys, values, backwards=False))[:count])
        if (values := _read(before, keys)) is not None:
            found = list(rows.filter(_beyond(keys, values, backwards=True)).reverse()[:count])
            return found[::-1]
    if rows.ordered and not is_cut and start > total / 2:
        from_end = max(0, total - start - count)
        return list(rows.reverse()[from_end : from_end + count])[::-1]
    return list(rows[start : start + size])


def _sort_keys(rows: QuerySet[Row]) -> list[_Key]:
    """Return the terms of the order; none where one is nullable or no plain column."""
    keys = []
    for term in rows.query.order_by:
        if not isinstance(term, str):
            return []
        path = term.removeprefix("-")
        field = _field(rows.model, path)
        if field is None or field.null:
            return []
        keys.append(_Key(path, field, term.startswith("-")))
    # Without a unique last term two neighbours may be equal, and one would be left out.
    is_total = bool(keys) and (keys[-1].field.primary_key or keys[-1].field.unique)
    return keys if is_total else []


def _field(model: type[Model], path: str) -> Field[Any, Any] | None:
    names = path.split("__")
    try:
        for name in names[:-1]:
            relation = model._meta.get_field(name)  # noqa: SLF001  Django's own door
            found = relation.related_model
            if not isinstance(found, type) or (relation.null and not relation.auto_created):
                return None
            model = found
        options = model._meta  # noqa: SLF001
        last = options.pk if names[-1] == "pk" else options.get_field(names[-1])
    except FieldDoesNotExist:
        return None  # an annotation
    return last if isinstance(last, Field) else None


def _beyond(keys: Sequence[_Key], values: Sequence[object], *, backwards: bool) -> Q:
    """Return (a, b) > (x, y) written out; the first half lets an index begin at x."""
    wanted = Q()
    equal = Q()
    for key, value in zip(keys, values, strict=True):
        wanted |= equal & key.beyond(value, backwards=backwards)
        equal &= Q(**{key.path: value})
    return keys[0].beyond(values[0], backwards=backwards, inclusive=True) & wanted


def _place(row: Model, keys: Sequence[_Key]) -> str:
    """Return the sort values of a row as a word for links."""
    values = []
    for key in keys:
        owner: Any = row
        for name in key.path.split("__")[:-1]:
            owner = getattr(owner, name, None)
        if owner is None:  # the other side of a one-to-one that has no row
            return ""
        values.append(key.field.value_to_string(owner))
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read(place: str, keys: Sequence[_Key]) -> list[object] | None:
    """Return the values that `_place` wrote; None for anything else, since it comes from a link."""
    if not place or len(place) > 2000:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)))
        if not isinstance(values, list) or len(values) != len(keys):
            return None
        if not all(isinstance(value, str) and b"\0" not in value.encode() for value in values):
            return None
        found = [key.field.to_python(value) for key, value in zip(keys, values, strict=True)]
    except (ValueError, binascii.Error, ValidationError):
        return None
    naive = any(isinstance(value, datetime) and value.tzinfo is None for value in found)
    return None if naive else found
