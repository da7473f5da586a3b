"""Cells of an imported row, as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.columns import (
    MAILBOX_COLUMNS,
    TARGET_COLUMNS,
    Column,
    Ground,
    guess_columns,
    parse_size,
    read_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def anything_goes(_value: object) -> None:
    """Accept every quota."""


GROUND = Ground({"a.test"}, "a.test", anything_goes, str)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10 GB", 10 * 10**9),
        ("10GB", 10 * 10**9),
        ("10,5 GB", 10_500_000_000),
        ("10.5gb", 10_500_000_000),
        ("500 MB", 500 * 10**6),
        ("1 TB", 10**12),
        ("2 GiB", 2 * 2**30),
        ("7", 7 * 10**9),
        ("1 000 MB", 10**9),
        ("1.234,5 MB", 1_234_500_000),
        ("0", 0),
        ("Không giới hạn", 0),
        ("1.000 MB", None),
        ("1O GB", None),
        ("ten", None),
        ("-5 GB", None),
        ("", None),
    ],
)
def test_a_size_is_read_as_people_write_it(text: str, size: int | None) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("heads", "meant"),
    [
        (["Họ và tên", "Địa chỉ email", "Dung lượng (GB)"], ["name", "address", "quota"]),
        (["username", "domain", "name", "quota"], ["address", "domain", "name", "quota"]),
        (["Mailbox", "Password", "Recovery email"], ["address", "password", "invite"]),
        (["Phòng ban", "Tên", "E-mail"], [None, "name", "address"]),
    ],
)
def test_headings_are_recognised_in_both_languages(
    heads: list[str], meant: list[str | None]
) -> None:
    assert guess_columns(heads, MAILBOX_COLUMNS) == meant


def test_headings_of_aliases_are_recognised() -> None:
    assert guess_columns(["Địa chỉ", "Chuyển đến"], TARGET_COLUMNS) == ["address", "targets"]


@given(st.dictionaries(st.sampled_from(list(Column)), st.text(max_size=80)))
def test_no_row_crashes_the_reader(values: dict[Column, str]) -> None:
    cells = {column.value: text for column, text in values.items()}
    for with_targets in (False, True):
        reading = read_row(cells, GROUND, with_targets=with_targets)
        assert reading.problems or reading.email


def test_a_domain_that_is_unknown_in_every_row_is_compared_with_the_known_ones_once() -> None:
    class Counted(list[str]):
        walks = 0

        def __iter__(self) -> Iterator[str]:
            self.walks += 1
            return super().__iter__()

    known = Counted(["haivan.test"])
    ground = Ground(known, "", anything_goes, str)
    row = {"address": "mai@haivam.test", "aliases": "m@haivam.test"}
    readings = [read_row(row, ground, with_targets=False) for _n in range(3)]
    assert {reading.problems[0].suggestion for reading in readings} == {"mai@haivan.test"}
    assert known.walks == 1
