"""Queries of a fixed shape, compiled once: for those of every page, making the SQL costs more than its answer."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

M = TypeVar("M", bound=Model)

# Stands where the numbers go while the SQL is made; no key of ours is negative.
_HOLES = tuple(range(-7_305_201_944, -7_305_201_940))


class Fixed(Generic[M]):
    """A query that differs from call to call by whole numbers only, at most four.

    `build` is called once, with numbers that it may only compare for equality; it must not look at
    the clock or the language. Joined models (select_related) are not filled in.
    """

    def __init__(self, build: Callable[..., QuerySet[M, Any]]) -> None:
        self._build = build

    def rows(self, *numbers: int) -> list[tuple[Any, ...]]:
        """Return what values_list would."""
        sql, parameters = self._statement(numbers)
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def first(self, *numbers: int) -> M | None:
        """Return the first object, with the annotations as attributes."""
        sql, parameters = self._statement(numbers)
        return next(iter(self._model.objects.raw(sql, parameters)), None)

    def _statement(self, numbers: tuple[int, ...]) -> tuple[str, list[Any]]:
        sql, parameters = self._compiled
        given = dict(zip(_HOLES, numbers, strict=False))
        return sql, [
            given.get(value, value) if type(value) is int else value for value in parameters
        ]

    @cached_property
    def _model(self) -> Any:
        return self._build(*self._holes).model

    @cached_property
    def _compiled(self) -> tuple[str, tuple[Any, ...]]:
        return self._build(*self._holes).query.sql_with_params()

    @property
    def _holes(self) -> tuple[int, ...]:
        return _HOLES[: self._build.__code__.co_argcount]


def concrete_names(model: type[Model]) -> list[str]:
    """Return the names of the model's columns as `from_db` takes them."""
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001  # Django's documented API
