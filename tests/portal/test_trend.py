"""Numbers become the points of a line that stays in its box."""

from __future__ import annotations

import pytest

from portal.trend import HEIGHT, WIDTH, points


def test_the_line_goes_from_left_to_right_and_up_with_the_numbers() -> None:
    assert points([0, 5, 10]) == "0.0,22.0 50.0,12.0 100.0,2.0"


@pytest.mark.parametrize("values", [[], [7]])
def test_one_number_is_no_line(values: list[float]) -> None:
    assert points(values) == ""


def test_where_nothing_changed_the_line_is_flat() -> None:
    assert points([3, 3]) == "0.0,12.0 100.0,12.0"


@pytest.mark.parametrize("values", [[0, 2**60], [5, 1, 9] * 40, [-3, 0], [0.1, 0.1000001]])
def test_no_point_leaves_the_box(values: list[float]) -> None:
    for point in points(values).split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= WIDTH
        assert 0 < y < HEIGHT
