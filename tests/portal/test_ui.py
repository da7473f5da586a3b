"""The small pieces every page is made of."""

from __future__ import annotations

import re

import pytest

from portal.templatetags.ui import avatar


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Nguyễn Văn Bình", "NB"),
        ("Echo", "E"),
        ("Điều độ (Cảng Tiên Sa)", "ĐS"),
        ("(không có người nhận)", "?"),
        ("…", "?"),
        ("binh@haivan.test", "B"),
        ("binh.nguyen@haivan.test", "BN"),
    ],
)
def test_initials_are_those_of_a_person_and_words_in_brackets_name_nobody(
    name: str, letters: str
) -> None:
    assert re.sub(r"<[^>]*>", "", avatar(name)) == letters
