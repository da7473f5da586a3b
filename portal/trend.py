"""A row of numbers as the points of a small line, for inline SVG. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 100, 24
_MARGIN = 2  # so that the stroke is not cut


def points(values: Sequence[float]) -> str:
    """Return "x,y x,y …" in a box of WIDTH × HEIGHT, left to right; empty for fewer than two.

    The smallest value lies at the bottom; where all are equal the line runs through the middle.
    """
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    room = HEIGHT - 2 * _MARGIN
    placed = []
    for place, value in enumerate(values):
        share = (value - low) / (high - low) if high > low else 0.5
        x = WIDTH * place / (len(values) - 1)
        placed.append(f"{x:.1f},{HEIGHT - _MARGIN - room * share:.1f}")
    return " ".join(placed)
