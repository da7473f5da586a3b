"""BODYSTRUCTURE as a tree, and the names of files."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.imap.tokenizer import tokenize
from webmail.message.structure import MAX_DEPTH, MAX_PARTS, parse_structure, safe_file_name

PLAIN = b'("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 1 NIL NIL NIL NIL)'
PDF = (
    b'("application" "pdf" ("name" "x.pdf") "<id@x>" NIL "base64" 1368 NIL'
    b' ("attachment" ("filename*0*" "utf-8\'\'H%C3%B3a%20" "filename*1" "don.pdf")) NIL NIL)'
)


def read(line: bytes) -> Any:
    [tokens] = tokenize(line)
    assert isinstance(tokens, list)
    return parse_structure(tokens)


def test_a_single_part_is_number_one() -> None:
    part = read(PLAIN)
    assert (part.part_number, part.media_type, part.charset) == ("1", "text/plain", "utf-8")


def test_parts_are_numbered_and_files_named() -> None:
    tree = read(b"(" + PLAIN + PDF + b' "mixed" ("boundary" "b") NIL NIL)')
    assert [p.part_number for p in tree.parts] == ["1", "2"]
    pdf = tree.find("2")
    assert pdf.file_name == "Hóa don.pdf"
    assert pdf.content_id == "id@x"
    assert pdf.decoded_size_bytes == 999


def test_a_forwarded_message_has_its_own_numbers() -> None:
    inner = b"(" + PLAIN + PDF + b' "mixed" NIL NIL NIL)'
    message = (
        b'("message" "rfc822" NIL NIL NIL "7bit" 900 ("date" "=?utf-8?q?B=C3=A1o?="'
        b" NIL NIL NIL NIL NIL NIL NIL NIL) " + inner + b" 30 NIL NIL NIL NIL)"
    )
    tree = read(b"(" + PLAIN + message + b' "mixed" NIL NIL NIL)')
    assert tree.find("2").subject == "Báo"
    assert tree.find("2.1").media_type == "text/plain"
    assert tree.find("2.2").media_type == "application/pdf"
    assert tree.find("9") is None


def test_depth_and_number_of_parts_are_limited() -> None:
    deep = PLAIN
    for _ in range(MAX_DEPTH + 30):
        deep = b"(" + deep + b' "mixed" NIL NIL NIL)'
    assert sum(1 for _ in read(deep).walk()) <= MAX_DEPTH + 2
    wide = read(b"(" + PLAIN * (MAX_PARTS + 50) + b' "mixed" NIL NIL NIL)')
    assert sum(1 for _ in wide.walk()) <= MAX_PARTS + 1


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("../../etc/passwd", "_etc_passwd"),
        ("a\\b.exe", "a_b.exe"),
        ("=?utf-8?q?T=E1=BB=87p.pdf?=", "Tệp.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nb.txt", "a b.txt"),
        ('x"y.txt', "x_y.txt"),
        ("...", ""),
    ],
)
def test_file_names_are_safe(given_name: str, safe: str) -> None:
    assert safe_file_name(given_name).lstrip("._") == safe.lstrip("._")


def test_a_name_of_5000_letters_keeps_its_ending() -> None:
    name = safe_file_name("a" * 5000 + ".pdf")
    assert len(name) == 180
    assert name.endswith(".pdf")


tokens = st.recursive(
    st.none() | st.binary(max_size=8) | st.sampled_from([b"text", b"message", b"rfc822", b"1"]),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=40,
)


@given(st.lists(tokens, max_size=12))
def test_no_tokens_raise(some: list[Any]) -> None:
    for part in parse_structure(some).walk():
        assert "/" in part.media_type
        assert "\n" not in part.file_name
