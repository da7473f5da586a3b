"""A line of an imported table as it was read, and the row a job keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from domains.models import JobRow, RowState

if TYPE_CHECKING:
    from domains.columns import Problem
    from domains.models import Job


class WasRead(Protocol):
    """What was understood of a row."""

    problems: list[Problem]
    notes: list[str]

    @property
    def claims(self) -> list[str]:
        """What no other row of the file may want too."""


R = TypeVar("R", bound=WasRead)


@dataclass(frozen=True, slots=True)
class Line(Generic[R]):
    """A line of the file: its number, its cells by column, and what was understood."""

    number: int
    values: dict[str, str]
    reading: R


def row_of(
    job: Job, line: Line[R], *, name: str, found: dict[str, Any], state: str = "", words: str = ""
) -> JobRow:
    """Return the unsaved row: wrong where there are problems, else `state`, else ready."""
    reading = line.reading
    if reading.problems and state != RowState.SKIPPED:
        state, words = RowState.WRONG, " ".join(problem.words for problem in reading.problems)
    elif not state and reading.notes:
        state, words = RowState.WARNING, " ".join(reading.notes)
    found["marked"] = [p.column for p in reading.problems if p.column]
    hint = next((p for p in reading.problems if p.suggestion), None)
    if hint and hint.column:
        found["hint"] = {"column": hint.column, "text": hint.suggestion}
    return JobRow(
        job=job,
        number=line.number,
        name=name[:320],
        state=state or RowState.READY,
        message=words,
        values=line.values,
        found=found,
    )
