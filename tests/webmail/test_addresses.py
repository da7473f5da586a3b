"""Address fields and encoded words of any shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.address import Address, decode_words, parse_addresses


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("a@b.test", [Address("", "a@b.test")]),
        ("<a@b.test>", [Address("", "a@b.test")]),
        ("An <a@b.test>", [Address("An", "a@b.test")]),
        ('"Nguyễn, Văn A" <a@b.test>', [Address("Nguyễn, Văn A", "a@b.test")]),
        ('"a \\"b\\" c" <a@b.test>', [Address('a "b" c', "a@b.test")]),
        ("a@b.test (Anh An)", [Address("Anh An", "a@b.test")]),
        ("a@b.test (x (y) z)", [Address("x (y) z", "a@b.test")]),
        ("<@route.test,@two.test:a@b.test>", [Address("", "a@b.test")]),
        ("=?utf-8?B?UGjhuqFtIE5n4buNYyDDgW5o?= <a@b.test>", [Address("Phạm Ngọc Ánh", "a@b.test")]),
        ('"=?utf-8?q?X_Y?=" <a@b.test>', [Address("X Y", "a@b.test")]),
        ("=?utf-8?q?A=2C_B?= <a@b.test>", [Address("A, B", "a@b.test")]),
        ("undisclosed-recipients:;", []),
        ("", []),
        (" , ,, ", []),
        ("Nobody", [Address("Nobody", "")]),
        ("x <a@b.test", [Address("x", "a@b.test")]),
    ],
)
def test_one_address_is_read(field: str, expected: list[Address]) -> None:
    assert list(parse_addresses(field)) == expected


def test_groups_are_flattened_and_their_name_is_nobody() -> None:
    found = parse_addresses('Team: a@b.test, "B" <b@b.test>; c@c.test')
    assert [a.email for a in found] == ["a@b.test", "b@b.test", "c@c.test"]
    assert [a.name for a in found] == ["", "B", ""]


def test_a_letter_cut_in_two_by_encoded_words_is_whole() -> None:
    assert decode_words("=?utf-8?B?4bs=?= =?utf-8?B?hw==?=") == "ệ"


def test_white_space_between_encoded_words_is_no_text() -> None:
    assert decode_words("=?utf-8?q?a?= \r\n =?utf-8?q?b?=") == "ab"
    assert decode_words("=?utf-8?q?a?= and =?utf-8?q?b?=") == "a and b"


@pytest.mark.parametrize("word", ["=?x-none?q?a=20b?=", "=?utf-8?B?YSBi?=", "a b"])
def test_unknown_charsets_are_read_as_far_as_possible(word: str) -> None:
    assert decode_words(word) == "a b"


def test_bidi_tricks_and_controls_are_taken_out_of_names() -> None:
    assert decode_words("invoice \u202egpj.exe\x00\x07") == "invoice gpj.exe"
    assert parse_addresses("\u202eevil <a@b.test>")[0].name == "evil"


def test_raw_bytes_that_are_not_utf8_stay_readable() -> None:
    assert decode_words(b"Caf\xe9") == "Café"


def test_domain_and_shown_name() -> None:
    assert Address("An", "a@B.Test").domain == "b.test"
    assert Address("", "a@b.test").shown == "a@b.test"
    assert str(Address("An", "a@b.test")) == "An <a@b.test>"


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_no_field_raises_or_gives_more_than_one_line(field: str | bytes) -> None:
    for address in parse_addresses(field):
        assert "\n" not in address.name + address.email
        assert "\r" not in address.name + address.email
        assert "\x00" not in address.name + address.email
    assert "\n" not in decode_words(field)


@given(st.lists(st.sampled_from('a @<>",;:()\\=?utf-8B?4bs=?= '), max_size=200))
def test_no_mixture_of_specials_raises(pieces: list[str]) -> None:
    parse_addresses("".join(pieces))
    decode_words("".join(pieces))


def test_a_hundred_kilobytes_of_openings_take_no_time() -> None:
    for sign in ('"', "(", "<", "=?", "=?utf-8?q?", "a:", ",", "\\"):
        parse_addresses(sign * (100_000 // len(sign)))
