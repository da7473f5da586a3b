"""Header blocks: folding, dates that make no sense, ids by the thousand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.headers import MAX_MESSAGE_IDS, parse_date, parse_headers


def test_fields_are_unfolded_and_found_in_any_case() -> None:
    headers = parse_headers(b"Subject: a\r\n  b\r\nX-Y:c\r\n\r\nBody: no\r\n")
    assert headers.text("subject") == "a b"
    assert headers.text("x-y") == "c"
    assert "body" not in headers


def test_every_field_of_a_name_is_kept_topmost_first() -> None:
    headers = parse_headers(b"A: 1\r\nB: 2\r\na: 3\r\n")
    assert headers.all("A") == [b"1", b"3"]


def test_lines_that_are_no_fields_are_passed_over() -> None:
    headers = parse_headers(b"no colon\r\n: empty\r\nSubject : x\r\n")
    assert headers.text("subject") == "x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 23 Nov 2026 07:00:00 +0700", datetime(2026, 11, 23, 0, 0, tzinfo=UTC)),
        ("23 Nov 2026 07:00 GMT", datetime(2026, 11, 23, 7, 0, tzinfo=UTC)),
        ("Mon, 23 Nov 26 07:00:00 -0500 (EST)", datetime(2026, 11, 23, 12, 0, tzinfo=UTC)),
        ("23-Nov-2026 07:00:00 PST", datetime(2026, 11, 23, 15, 0, tzinfo=UTC)),
        ("Fri, 31 Dec 1999 23:59:60 +0000", datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_dates_are_read(text: str, expected: datetime) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a date",
        "Fri, 20 Nov 99999 09:00:00 +0700",
        "40 Nov 2026 07:00",
        "1 Foo 2026 07:00",
        "1 Nov 0000 25:61",
    ],
)
def test_dates_that_make_no_sense_are_none(text: str) -> None:
    assert parse_date(text) is None


def test_two_thousand_references_keep_the_first_and_the_newest() -> None:
    ids = b" ".join(b"<%d@x.test>" % n for n in range(2000))
    found = parse_headers(b"References: " + ids + b"\r\n").message_ids("references")
    assert len(found) == MAX_MESSAGE_IDS
    assert found[0] == "0@x.test"
    assert found[-1] == "1999@x.test"


def test_a_header_of_200_kilobytes_is_read_at_once() -> None:
    raw = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 200) for n in range(1000)) + b"Subject: x\r\n\r\n"
    assert parse_headers(raw).text("subject") == "x"


@given(st.binary(max_size=2000))
def test_no_block_raises(raw: bytes) -> None:
    headers = parse_headers(raw)
    for name, _ in headers:
        headers.text(name)
        headers.addresses(name)
        headers.message_ids(name)
    headers.sent_at()
