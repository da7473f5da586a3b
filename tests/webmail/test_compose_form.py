"""What is typed into the composer is refused in words beside its field, never half sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from webmail.forms import DraftForm, SendForm, answers_text, read_answers
from webmail.message.address import Address, parse_addresses
from webmail.message.headers import parse_headers
from webmail.message.recipients import read_recipients
from webmail.message.writing import Answers, Writing, packed, shown, shown_all, unpacked

if TYPE_CHECKING:
    from webmail.forms import DraftForm as Form


def form_of(kind: type[Form] = SendForm, /, **changes: Any) -> DraftForm:
    values = {"compose_id": str(uuid4()), "sender": "ha@congty.test", "to": "a@x.test", "text": "x"}
    return kind(values | changes)


@pytest.mark.parametrize("field", ["to", "cc", "bcc", "subject"])
@pytest.mark.parametrize(
    "bad", ["a@x.test\r\nBcc: b@x.test", "a@x.test\nb", "a@x.test\r", "a\0@x.test"]
)
def test_line_breaks_and_nul_are_refused_in_every_header_field(field: str, bad: str) -> None:
    form = form_of(**{field: bad})
    assert not form.is_valid()
    assert field in form.errors


@pytest.mark.parametrize("field", ["in_reply_to", "references", "replaces", "answers"])
def test_hidden_fields_that_make_no_sense_are_dropped(field: str) -> None:
    form = form_of(**{field: "a@b\r\nBcc: x@y"})
    assert form.is_valid(), form.errors
    assert not form.cleaned_data[field]


def test_each_entry_that_is_no_address_is_named() -> None:
    form = form_of(to='Hà <ha@x.test>, khoi@congty, "|id"@x.test, Trâm')
    assert not form.is_valid()
    text = " ".join(map(str, form.errors["to"]))
    assert "khoi@congty" in text
    assert "|id" in text
    assert "Trâm" in text
    assert "ha@x.test" not in text


def test_addresses_come_in_normal_form_with_their_names() -> None:
    people, problems = read_recipients('"Hà, Kế toán" <HA@Congty.TEST>; b@xn--hi-vn-zsa.test')
    assert not problems
    assert people == (
        Address("Hà, Kế toán", "ha@congty.test"),
        Address("", "b@xn--hi-vn-zsa.test"),
    )


def test_an_option_of_a_shell_is_no_address() -> None:
    _, problems = read_recipients("-oQ/tmp@x.test")
    assert problems


def test_a_subject_no_server_takes_is_refused() -> None:
    assert not form_of(subject="x" * 901).is_valid()


@pytest.mark.parametrize(
    "person",
    [
        Address("", "a@x.test"),
        Address('A "B", C', "a@x.test"),
        Address("Hà", "a@x.test"),
        Address("a\\b", "a@x.test"),
    ],
)
def test_recipients_survive_the_field(person: Address) -> None:
    assert parse_addresses(shown_all((person, person))) == (person, person)
    assert parse_addresses(shown(person)) == (person,)


def test_a_draft_keeps_recipients_as_they_were_typed() -> None:
    form = form_of(DraftForm, to="khoi@congty, le m", subject="x\ny")
    assert form.is_valid(), form.errors
    writing = form.writing()
    assert writing.to == "khoi@congty, le m"
    head = parse_headers(f"X-Hopthu-Draft: {packed(writing)}\r\n\r\n".encode())
    assert unpacked(head, Writing(writing.compose_id)).to == "khoi@congty, le m"


def test_a_draft_of_another_program_is_read_from_its_headers() -> None:
    head = parse_headers(b"To: A <a@x.test>\r\nBcc: b@x.test\r\n\r\n")
    writing = unpacked(head, Writing(uuid4()))
    assert (writing.to, writing.bcc) == ("A <a@x.test>", "b@x.test")


def test_what_is_answered_survives_the_form() -> None:
    answers = Answers("Khách hàng/Miền Trung", 12, 34, is_forward=True)
    assert read_answers(answers_text(answers)) == answers
    assert read_answers("reply x y z") is None
