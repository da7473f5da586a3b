"""An answer goes to the right people, stays in its thread and quotes what was said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.address import Address
from webmail.message.compose import Attachment, Letter, build
from webmail.message.headers import parse_headers
from webmail.message.markup import CleanMarkup
from webmail.message.reopen import reopen
from webmail.message.reply import (
    Mode,
    answering_address,
    forward_html,
    quote_html,
    quote_text,
    recipients,
    subject,
    text_as_html,
    thread,
)

OWN = {"ha@congty.test", "ketoan@congty.test"}


def emails(people: tuple[Address, ...]) -> list[str]:
    return [person.email for person in people]


def test_a_reply_goes_to_the_sender() -> None:
    head = parse_headers(b"From: Anh <anh@x.test>\r\nTo: ha@congty.test, k@x.test\r\n\r\n")
    assert emails(recipients(head, OWN, Mode.REPLY).to) == ["anh@x.test"]
    assert recipients(head, OWN, Mode.REPLY).cc == ()


def test_a_reply_goes_where_the_sender_asks_for_it() -> None:
    head = parse_headers(b"From: anh@x.test\r\nReply-To: list@x.test\r\nTo: ha@congty.test\r\n\r\n")
    assert emails(recipients(head, OWN, Mode.REPLY).to) == ["list@x.test"]


def test_a_reply_to_all_leaves_oneself_out_and_names_nobody_twice() -> None:
    head = parse_headers(
        b"From: anh@x.test\r\nTo: HA@congty.test, k@x.test, anh@x.test\r\n"
        b"Cc: K@x.test, ketoan@congty.test, m@x.test\r\n\r\n"
    )
    found = recipients(head, OWN, Mode.REPLY_ALL)
    assert emails(found.to) == ["anh@x.test"]
    assert emails(found.cc) == ["k@x.test", "m@x.test"]


def test_answering_ones_own_letter_goes_to_those_it_went_to() -> None:
    head = parse_headers(b"From: ha@congty.test\r\nTo: anh@x.test\r\nCc: k@x.test\r\n\r\n")
    assert emails(recipients(head, OWN, Mode.REPLY).to) == ["anh@x.test"]
    both = recipients(head, OWN, Mode.REPLY_ALL)
    assert (emails(both.to), emails(both.cc)) == (["anh@x.test"], ["k@x.test"])


def test_a_letter_to_oneself_is_answered_to_oneself() -> None:
    head = parse_headers(b"From: ha@congty.test\r\nTo: ha@congty.test\r\n\r\n")
    assert emails(recipients(head, OWN, Mode.REPLY_ALL).to) == ["ha@congty.test"]


def test_a_forward_goes_to_nobody_yet() -> None:
    head = parse_headers(b"From: anh@x.test\r\nTo: ha@congty.test\r\n\r\n")
    assert recipients(head, OWN, Mode.FORWARD).to == ()


def test_the_answer_comes_from_the_address_the_letter_came_to() -> None:
    head = parse_headers(b"From: anh@x.test\r\nTo: KeToan@congty.test\r\n\r\n")
    assert answering_address(head, ["ha@congty.test", "ketoan@congty.test"]) == "ketoan@congty.test"
    assert answering_address(parse_headers(b"To: x@y.test\r\n\r\n"), OWN) == ""


@pytest.mark.parametrize(
    ("given_subject", "mode", "wanted"),
    [
        ("Hợp đồng", Mode.REPLY, "Re: Hợp đồng"),
        ("Re: RE: Aw[2]: Hợp đồng", Mode.REPLY_ALL, "Re: Hợp đồng"),
        ("Trả lời: Hợp đồng", Mode.REPLY, "Re: Hợp đồng"),
        ("Fwd: FW: Hợp đồng", Mode.FORWARD, "Fwd: Hợp đồng"),
        ("Re: Hợp đồng", Mode.FORWARD, "Fwd: Re: Hợp đồng"),
        ("", Mode.REPLY, "Re: "),
    ],
)
def test_a_subject_gets_one_prefix(given_subject: str, mode: Mode, wanted: str) -> None:
    assert subject(given_subject, mode) == wanted


def test_the_thread_grows_by_the_answered_letter() -> None:
    head = parse_headers(b"Message-ID: <c@x>\r\nReferences: <a@x>\r\n <b@x>\r\n\r\n")
    assert thread(head) == ("c@x", ("a@x", "b@x", "c@x"))
    head = parse_headers(b"Message-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\n\r\n")
    assert thread(head) == ("c@x", ("b@x", "c@x"))
    assert thread(parse_headers(b"Subject: x\r\n\r\n")) == ("", ())


def test_quoting_marks_lines_and_drops_the_signature() -> None:
    quoted = quote_text("Chào\r\n> cũ\n\nbạn\n-- \nAnh\n", "Anh viết:")
    assert quoted == "\n\nAnh viết:\n> Chào\n>> cũ\n>\n> bạn\n"


def test_an_answer_leaves_a_line_between_what_is_written_and_what_is_quoted() -> None:
    room = "<div><br></div>" * 2
    quoted = quote_html(CleanMarkup("<div>Chào</div>"), "Anh viết:")
    assert quoted.startswith(f"{room}<div>Anh viết:</div>")
    assert forward_html(CleanMarkup("<div>Chào</div>"), "Thư chuyển tiếp", []).startswith(
        f"{room}<div>---------- Thư chuyển tiếp"
    )


def test_text_in_the_editor_is_only_text() -> None:
    assert "<script>" not in text_as_html("<script>alert(1)</script>\n> <b>x")
    assert (
        text_as_html("a\n> b\nc")
        == '<div>a</div><blockquote type="cite"><div>b</div></blockquote><div>c</div>'
    )


def test_a_draft_comes_back_as_it_was_left() -> None:
    letter = Letter(
        sender=Address("Hà", "ha@congty.test"),
        to=(Address("Trâm", "tram@x.test"),),
        bcc=(Address("", "secret@x.test"),),
        subject="Mẫu vải",
        text="Chào Trâm,\n\n" + "một dòng rất dài " * 20 + "\n> trích",
        html="<p>Chào <b>Trâm</b></p>",
        attachments=(
            Attachment("Phối màu.xlsx", "application/x", b"1"),
            Attachment("p.png", "image/png", b"2", content_id="k1@h"),
        ),
    )
    date = datetime(2026, 11, 24, tzinfo=UTC)
    back = reopen(build(letter, message_id="c@x", date=date, is_draft=True))
    assert back.html == letter.html
    assert [line.rstrip() for line in back.text.split("\n")] == [
        line.rstrip() for line in letter.text.split("\n")
    ]
    assert {(a.file_name, a.content, a.content_id) for a in back.attachments} == {
        ("Phối màu.xlsx", b"1", ""),
        ("p.png", b"2", "k1@h"),
    }
    assert emails(back.headers.addresses("Bcc")) == ["secret@x.test"]
    assert back.headers.text("Subject") == "Mẫu vải"


@given(
    st.binary(max_size=400)
    | st.text(max_size=300).map(
        lambda t: f"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n{t}\r\n--x--".encode()
    )
)
def test_any_bytes_can_be_reopened(raw: bytes) -> None:
    reopen(raw)
