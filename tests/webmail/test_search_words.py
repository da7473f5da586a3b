"""The search box in two languages."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.errors import UnsafeArgument
from webmail.imap.search import keys
from webmail.imap.session import Literal
from webmail.message.query import marked, parse_query, spellings


def line(text: str) -> bytes:
    return b" ".join(k.octets if isinstance(k, Literal) else k for k in keys(parse_query(text)))


def test_words_are_looked_for_one_by_one() -> None:
    assert parse_query("hợp-đồng VC-20418").words == ("hợp", "đồng", "VC", "20418")


def test_a_word_with_d_is_asked_both_ways() -> None:
    assert spellings("don") == ("don", "đon")
    assert spellings("Đơn") == ("Đơn", "dơn")
    assert line("hoa don") == 'TEXT "hoa" OR TEXT "don" TEXT đon'.encode()


@pytest.mark.parametrize("text", ["from:ánh", "từ:ánh", "tu:ánh", 'from:"ánh"'])
def test_conditions_in_both_languages(text: str) -> None:
    assert parse_query(text).from_words == ("ánh",)


def test_dates_sizes_and_states() -> None:
    query = parse_query("sau:01/09/2026 before:2027 lớn-hơn:10MB is:unread có:tệp trong:anywhere")
    assert query.after == date(2026, 9, 1)
    assert query.before == date(2027, 1, 1)
    assert query.larger_bytes == 10_000_000
    assert query.states == ("unread",)
    assert query.has_attachment
    assert query.folder == "anywhere"
    assert line("after:2026-09-01 larger:5k") == b"SINCE 1-Sep-2026 LARGER 5000"


def test_what_is_no_condition_is_a_word() -> None:
    assert parse_query("before:never re:x 12:30").words == (
        "before",
        "never",
        "re",
        "x",
        "12",
        "30",
    )


def test_a_condition_can_be_taken_away() -> None:
    query = parse_query('hợp từ:ánh in:"Khách hàng"')
    assert [query.without(c) for c in query.conditions] == ['hợp in:"Khách hàng"', "hợp từ:ánh"]


def test_line_breaks_never_reach_the_server() -> None:
    assert b"\r" not in line("x\r\nA1 DELETE INBOX")
    assert b"\n" not in line('"x\r\nA1 DELETE INBOX"')


def test_marks_ignore_accents_and_begin_words() -> None:
    assert marked("Hóa đơn điện tử", ("hoa", "don")) == [
        ("Hóa", True), (" ", False), ("đơn", True), (" điện tử", False),
    ]  # fmt: skip
    assert marked("Thahoa", ("hoa",)) == [("Thahoa", False)]
    assert marked("invoices", ("invoice",)) == [("invoice", True), ("s", False)]


def test_marks_spare_other_syllables_that_begin_alike() -> None:
    assert marked("Biến động, hai dòng", ("don",)) == [("Biến động, hai dòng", False)]
    assert marked("không có khoản", ("kho", "hoa")) == [("không có khoản", False)]


@given(st.text(max_size=200))
def test_no_text_raises_or_loses_letters(text: str) -> None:
    query = parse_query(text)
    try:
        keys(query)
    except UnsafeArgument:
        pytest.fail("a word held a line break")
    assert (
        "".join(piece for piece, _ in marked(text, query.marked_words)) == text
        or query.marked_words
    )
