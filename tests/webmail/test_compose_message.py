"""A letter becomes one well-formed message that every reader understands and Bcc never leaves in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.address import Address
from webmail.message.compose import (
    Attachment,
    Letter,
    build,
    encoded_size,
    file_name,
    media_type,
    room_for_files,
)
from webmail.message.fields import UnsafeField
from webmail.message.flowed import from_flowed

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HA = Address("Trần Thu Hà", "ha.tran@congty.test")
TRAM = Address("Võ Thị Bích Trâm", "tram@ngoai.test")


def letter(**changes: Any) -> Letter:
    values: dict[str, Any] = {"sender": HA, "to": (TRAM,), "subject": "Chào", "text": "Xin chào"}
    return Letter(**(values | changes))


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def made(is_draft: bool = False, **changes: Any) -> bytes:
    return build(letter(**changes), message_id="c1@congty.test", date=NOON, is_draft=is_draft)


def plain_text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return from_flowed(part.get_content())


def test_the_head_says_who_when_and_what() -> None:
    message = parsed(
        made(cc=(Address("", "k@x.test"),), in_reply_to="a@b", references=("r@b", "a@b"))
    )
    assert message["From"].addresses[0].display_name == "Trần Thu Hà"
    assert message["To"].addresses[0].addr_spec == "tram@ngoai.test"
    assert message["Cc"] == "k@x.test"
    assert message["Subject"] == "Chào"
    assert message["Date"].datetime == NOON
    assert message["Message-ID"] == "<c1@congty.test>"
    assert message["In-Reply-To"] == "<a@b>"
    assert message["References"] == "<r@b> <a@b>"
    assert message.get_content_type() == "text/plain"


def test_bcc_never_leaves_but_stays_in_the_draft() -> None:
    secret = (Address("Bí mật", "secret@x.test"),)
    assert b"secret" not in made(bcc=secret)
    assert b"bcc" not in made(bcc=secret).lower()
    assert parsed(made(bcc=secret, is_draft=True))["Bcc"].addresses[0].addr_spec == "secret@x.test"


def test_a_letter_to_bcc_only_names_nobody() -> None:
    message = parsed(made(to=(), bcc=(TRAM,)))
    assert message["To"].addresses == ()
    assert b"tram" not in made(to=(), bcc=(TRAM,))


def test_everybody_is_a_recipient_once() -> None:
    mail = letter(cc=(Address("", "TRAM@ngoai.test"), HA), bcc=(TRAM,))
    assert [a.email.lower() for a in mail.recipients] == ["tram@ngoai.test", "ha.tran@congty.test"]


@given(text=st.text(max_size=600))
def test_any_text_is_sent_as_it_was_typed_in_seven_bits_with_crlf(text: str) -> None:
    raw = made(text=text)
    assert raw.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    typed = re.sub(
        "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]",
        "",
        re.sub("\r\n|[\r\u2028\u2029\x0b\x0c\x85]", "\n", text),
    )
    shown = plain_text(parsed(raw))

    def lines(value: str) -> list[str]:
        # blanks at line ends and after quote marks are not text
        return [
            re.sub(r"^(>+) ?", r"\1", line).rstrip()
            for line in value.encode("utf-8", "replace").decode().rstrip("\n ").split("\n")
        ]

    assert lines(shown) == lines(typed)


@pytest.mark.parametrize(
    "body", [".\r\n", "a\n.\nMAIL FROM:<x@y>\n", "\r.\r", "..\n.", "From me\n>From you"]
)
def test_dots_and_from_lines_are_only_text(body: str) -> None:
    message = parsed(made(text=body))
    assert (
        plain_text(message).split("\n")[0].strip()
        == body.replace("\r\n", "\n").replace("\r", "\n").split("\n")[0].strip()
    )


def test_html_has_a_plain_twin_and_pictures_beside_it() -> None:
    picture = Attachment("ảnh.png", "image/png", b"\x89PNG", content_id="p1@congty.test")
    message = parsed(
        made(html='<p>Chào <b>chị</b></p><img src="cid:p1@congty.test">', attachments=(picture,))
    )
    assert message.get_content_type() == "multipart/alternative"
    related = message.get_body(("related",))
    assert related is not None
    html, image = related.iter_parts()
    assert "<b>chị</b>" in html.get_content()
    assert image["Content-ID"] == "<p1@congty.test>"
    assert image.get_content() == b"\x89PNG"


def test_in_plain_text_a_picture_is_an_ordinary_file() -> None:
    picture = Attachment("a.png", "image/png", b"\x89PNG", content_id="p1@congty.test")
    [found] = parsed(made(attachments=(picture,))).iter_attachments()
    assert found.get_filename() == "a.png"


@given(
    name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=150),
    content=st.binary(max_size=300),
)
def test_files_come_back_with_name_and_bytes(name: str, content: bytes) -> None:
    raw = made(attachments=(Attachment(name, "application/pdf", content),))
    assert raw.isascii()
    [found] = parsed(raw).iter_attachments()
    assert found.get_content() == content
    assert found.get_filename() == file_name(name)


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "multipart/mixed", "text/html; x=1\r\nBcc: y", "x", "", "text/../x"]
)
def test_odd_media_types_are_octets(kind: str) -> None:
    expected = ("text", "html") if kind.startswith("text/html") else ("application", "octet-stream")
    assert media_type(kind) == expected
    raw = made(attachments=(Attachment("a", kind, b"x"),))
    assert b"bcc" not in raw.lower()


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "x\r\nBcc: y@z.test"},
        {"to": (Address("x\nBcc: y", "a@b.test"),)},
        {"cc": (Address("", "a@b.test\r\nX: y"),)},
        {"sender": Address("x\rX: y", "a@b.test")},
    ],
)
def test_a_line_break_in_a_field_is_never_written(changes: dict[str, Any]) -> None:
    with pytest.raises(UnsafeField):
        made(**changes)


def test_ids_of_other_peoples_mail_cannot_break_in() -> None:
    raw = made(in_reply_to="a\r\nBcc: x@y", references=("b c", "ok@x", "d\ne"))
    assert b"Bcc" not in raw
    assert parsed(raw)["References"] == "<ok@x>"


def test_of_two_thousand_references_the_first_and_the_newest_stay() -> None:
    ids = tuple(f"{n}@x.test" for n in range(2000))
    kept = str(parsed(made(references=ids))["References"]).split()
    assert kept[0] == "<0@x.test>"
    assert kept[-1] == "<1999@x.test>"
    assert len(kept) == 50


@given(size=st.integers(min_value=0, max_value=20_000))
def test_the_room_said_before_uploading_is_the_room_there_is(size: int) -> None:
    file = Attachment("a", "application/octet-stream", bytes(size))
    with_file, without = made(attachments=(file,)), made(attachments=(Attachment("a", "x/y", b""),))
    assert abs(len(with_file) - len(without) - encoded_size(size)) < 100


def test_files_that_fill_the_room_still_fit_the_message() -> None:
    limit = 2 * 1024 * 1024
    file = Attachment("a.bin", "application/octet-stream", bytes(room_for_files(limit)))
    assert len(made(attachments=(file,), text="x" * 50_000)) <= limit
