"""IMAP answers as tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.imap.tokenizer import MalformedAnswer, Token, pairs, tokenize


def test_a_row_of_a_list_is_read() -> None:
    line = b'(UID 5 FLAGS (\\Seen $X) PREVIEW "a \\"b\\"" BODY[HEADER.FIELDS (FROM TO)] {6}\r\nA: b\r\n)'
    [row] = tokenize(line)
    assert isinstance(row, list)
    data = pairs(row)
    assert data[b"UID"] == b"5"
    assert data[b"FLAGS"] == [b"\\Seen", b"$X"]
    assert data[b"PREVIEW"] == b'a "b"'
    assert data[b"BODY[HEADER.FIELDS (FROM TO)]"] == b"A: b\r\n"


def test_nil_is_none_but_a_quoted_nil_is_text() -> None:
    assert tokenize(b'NIL "NIL" nil') == [None, b"NIL", None]


def test_a_literal_may_hold_anything() -> None:
    assert tokenize(b'{3}\r\n)("') == [b')("']


@pytest.mark.parametrize("line", [b"(", b")", b"(a", b"a)", b"{9}\r\nabc", b'"abc', b"{x}"])
def test_what_is_cut_short_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        tokenize(line)


def test_a_hundred_thousand_parentheses_are_no_recursion() -> None:
    deep = tokenize(b"(" * 100_000 + b")" * 100_000)
    assert len(deep) == 1


tokens = st.recursive(
    st.none() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=20,
)


def written(token: Token) -> bytes:
    if token is None:
        return b"NIL"
    if isinstance(token, list):
        return b"(" + b" ".join(map(written, token)) + b")"
    return b"{%d}\r\n" % len(token) + token


@given(st.lists(tokens, max_size=6))
def test_what_is_written_is_read_back(some: list[Token]) -> None:
    assert tokenize(b" ".join(map(written, some))) == some


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(line: bytes) -> None:
    try:
        tokenize(line)
    except MalformedAnswer:
        return
