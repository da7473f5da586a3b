"""What the policy service reads and says: lines of Postfix in, one action out. No database."""

from __future__ import annotations

from datetime import UTC, datetime
from email.header import decode_header, make_header
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.policy.request import MAX_LINE, Request, read_request
from mailserver.policy.service import counts, later, list_id, over
from portal.config import stack

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def read(text: str) -> Request | None:
    return read_request(BytesIO(text.encode()))


def test_the_end_of_a_message_carries_its_number_of_recipients() -> None:
    request = read(
        "request=smtpd_access_policy\nprotocol_state=END-OF-MESSAGE\nsasl_username=A@B.test\n"
        "recipient_count=12\nrecipient=\n\n"
    )
    assert request == Request("", "a@b.test", "", recipients=12, is_end=True)


def test_a_recipient_being_named_is_no_end() -> None:
    request = read("protocol_state=RCPT\nrecipient_count=0\nrecipient=G@b.test\n\n")
    assert request == Request("", "", "g@b.test")


@pytest.mark.parametrize("count", ["-1", "x", "1" * 20, "٣", "1.5"])
def test_a_number_that_is_none_is_no_question(count: str) -> None:
    with pytest.raises(ValueError, match="recipients"):
        read(f"recipient_count={count}\n\n")


@pytest.mark.parametrize("text", ["nonsense\n\n", "a=" + "x" * MAX_LINE + "\n\n", "a=b\n" * 300])
def test_what_is_not_the_protocol_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)


def test_hanging_up_is_no_question() -> None:
    assert read("") is None
    assert read("a=b\n") is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_question_none_or_a_value_error(data: bytes) -> None:
    stream = BytesIO(data)
    try:
        while read_request(stream) is not None:
            pass
    except ValueError:
        pass


def test_who_did_not_sign_in_and_the_system_are_not_counted() -> None:
    system = f"no-reply@{stack().operator_domain}"
    logins = ("", system, f"{system}@webmail", "a@b.test", "a@b.test@webmail")
    assert [counts(Request("", login, "", 1, is_end=True)) for login in logins] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_a_full_window_says_later_and_when_and_what_can_never_fit_is_refused() -> None:
    assert over("hour", 10, AT, wanted=3).startswith("450 4.7.1 ")
    assert "from 2026-11-24 15:00 +0700 on" in over("hour", 10, AT, wanted=3)
    assert "10 recipients today" in over("day", 10, AT, wanted=10)
    assert over("day", 10, AT, wanted=11).startswith("550 5.5.3 ")


def test_without_an_answer_of_the_database_everybody_may_try_again() -> None:
    assert later(Request("", "a@b.test", "", 1, is_end=True)).startswith("451 4.3.0 ")
    assert later(Request("", "", "g@b.test")).startswith("451 4.3.0 ")


@given(st.text(min_size=1, max_size=120).filter(lambda name: name.isprintable() and name.strip()))
def test_the_name_of_a_group_is_one_line_of_ascii_that_reads_back(name: str) -> None:
    said = list_id(name, "doi@b.test")
    assert said.isascii()
    assert said.isprintable()
    assert str(make_header(decode_header(said))) == f"{name} <doi.b.test>"


def test_a_rule_that_passes_mail_on_is_told_apart() -> None:
    request = read("request=sieve_redirect\nsender=A@B.test\nrecipient=c@d.test\n\n")
    assert request == Request("a@b.test", "", "c@d.test", is_rule=True)
    assert request is not None
    assert later(request).startswith("451 ")
