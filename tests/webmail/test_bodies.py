"""Which part is read, and its octets as text."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.body import Base64Stream, choose, decode_text, decode_transfer
from webmail.message.structure import BodyPart


def leaf(number: str, media_type: str, **more: object) -> BodyPart:
    return BodyPart(part_number=number, media_type=media_type, **more)  # type: ignore[arg-type]


def holder(kind: str, *parts: BodyPart) -> BodyPart:
    return BodyPart(part_number="", media_type=f"multipart/{kind}", parts=parts)


def numbers(parts: tuple[BodyPart, ...]) -> list[str]:
    return [part.part_number for part in parts]


def test_html_is_preferred_and_plain_text_is_known() -> None:
    chosen = choose(holder("alternative", leaf("1", "text/plain"), leaf("2", "text/html")))
    assert numbers(chosen.html) == ["2"]
    assert numbers(chosen.text) == ["1"]


def test_an_image_that_html_refers_to_is_no_file() -> None:
    related = holder("related", leaf("1.1", "text/html"), leaf("1.2", "image/png", content_id="a"))
    chosen = choose(holder("mixed", related, leaf("2", "image/png")))
    assert numbers(chosen.inline) == ["1.2"]
    assert numbers(chosen.files) == ["2"]


def test_without_html_every_image_is_a_file() -> None:
    chosen = choose(
        holder("related", leaf("1", "text/plain"), leaf("2", "image/png", content_id="a"))
    )
    assert chosen.html == ()
    assert numbers(chosen.files) == ["2"]


def test_text_between_files_is_read_in_order() -> None:
    chosen = choose(
        holder("mixed", leaf("1", "text/plain"), leaf("2", "image/png"), leaf("3", "text/plain"))
    )
    assert numbers(chosen.text) == ["1", "3"]
    assert numbers(chosen.files) == ["2"]


def test_an_attached_text_or_page_is_a_file() -> None:
    chosen = choose(
        holder(
            "mixed",
            leaf("1", "text/plain"),
            leaf("2", "text/html", disposition="attachment"),
            leaf("3", "text/plain", disposition_params={"filename": "notes.txt"}),
        )
    )
    assert chosen.html == ()
    assert numbers(chosen.files) == ["2", "3"]


def test_a_signature_is_a_file_and_the_signed_part_is_read() -> None:
    chosen = choose(
        holder("signed", leaf("1", "text/plain"), leaf("2", "application/pgp-signature"))
    )
    assert numbers(chosen.text) == ["1"]
    assert numbers(chosen.files) == ["2"]


def test_an_invitation_beside_the_text_is_a_file() -> None:
    chosen = choose(
        holder(
            "alternative",
            leaf("1", "text/plain"),
            leaf("2", "text/html"),
            leaf("3", "text/calendar"),
        )
    )
    assert numbers(chosen.html) == ["2"]
    assert numbers(chosen.files) == ["3"]


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        ("Tiếng Việt".encode(), "utf-8", "Tiếng Việt"),
        ("Tiếng Việt".encode(), "x-martian-8", "Tiếng Việt"),
        ("Tiếng Việt".encode(), "", "Tiếng Việt"),
        ("Tiếng Việt".encode(), "us-ascii", "Tiếng Việt"),
        (b"caf\xe9 \x80", "iso-8859-1", "café €"),
        ("請求書".encode("iso-2022-jp"), "iso-2022-jp", "請求書"),
        ("请".encode("gb18030"), "gb2312", "请"),
        (b"a\r\nb\rc\x00\x07", "utf-8", "a\nb\nc"),
    ],
)
def test_octets_are_read(octets: bytes, charset: str, text: str) -> None:
    assert decode_text(octets, charset) == text


def test_undeclared_latin_is_guessed() -> None:
    text = decode_text(b"Caf\xe9 cr\xe8me \xe0 la carte, r\xe9sum\xe9 na\xefve.\n" * 3, "")
    assert text.startswith("Café crème à la carte, résumé naïve.")


def test_a_letter_cut_at_the_limit_spoils_nothing() -> None:
    assert decode_text("Việt".encode()[:-2], "utf-8").startswith("Vi")


def test_broken_base64_is_read_as_far_as_it_goes() -> None:
    assert decode_transfer(b"WGlu*&^IGNow6Bv\r\n=====x", "base64").startswith("Xin chào".encode())
    assert decode_transfer(b"YQ", "base64") == b"a"
    assert decode_transfer(b"Y", "base64") == b""


@given(st.binary(max_size=400), st.integers(min_value=1, max_value=50))
def test_base64_in_pieces_is_the_same(octets: bytes, size: int) -> None:
    encoded = base64.encodebytes(octets)
    stream = Base64Stream()
    pieces = [stream.feed(encoded[i : i + size]) for i in range(0, len(encoded), size)]
    assert b"".join(pieces) + stream.end() == octets


@given(st.binary(max_size=400), st.text(max_size=20))
def test_no_octets_raise(octets: bytes, charset: str) -> None:
    text = decode_text(octets, charset)
    assert "\x00" not in text
    for encoding in ("base64", "quoted-printable", "7bit", charset):
        decode_transfer(octets, encoding)


def test_the_corpus_is_there() -> None:
    assert len(list((Path(__file__).parent.parent / "corpus").glob("*.eml"))) >= 40
