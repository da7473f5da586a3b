"""The gateway tells accepted, later, refused and doubt apart, for each recipient."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery import smtp
from delivery.smtp import HandOver, Verdict, hand_over
from tests.delivery.smtp_box import CUT, Box, make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MIME = b"Subject: x\r\n\r\nhello\r\n"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("box"))


@pytest.fixture
def make_box(pem: Path) -> Iterator[Callable[..., Box]]:
    boxes: list[Box] = []

    def make(**words: Any) -> Box:
        boxes.append(Box(pem, **words))
        return boxes[-1]

    yield make
    for box in boxes:
        box.close()


def send(box: Box, *recipients: str, mime: bytes = MIME) -> HandOver:
    return hand_over(
        login="ha@congty.test",
        mail_from="ke.toan@congty.test",
        recipients=recipients or ("anh@outside.test",),
        mime=mime,
        endpoint=box.endpoint,
    )


def said(box: Box) -> list[str]:
    """The commands in small letters: they mean the same, and Pythons differ (RFC 5321 section 2.4)."""
    return [command.lower() for command in box.commands]


def test_an_accepted_message_carries_its_queue_id(make_box: Callable[..., Box]) -> None:
    box = make_box()
    result = send(box)
    assert result.verdict is Verdict.ACCEPTED
    assert result.queue_id == "4XyZ12abcd"
    assert box.messages == [MIME]


def test_it_signs_in_as_the_mailbox_and_only_inside_tls(make_box: Callable[..., Box]) -> None:
    box = make_box()
    send(box)
    assert box.commands.index("STARTTLS") < next(
        i for i, command in enumerate(box.commands) if command.startswith("AUTH")
    )
    auth = next(command for command in box.commands if command.startswith("AUTH"))
    words = base64.b64decode(auth.split()[-1]).decode()
    user, bearer, *_ = words.split("\x01")
    assert user == "user=ha@congty.test"
    claims = jwt.decode(bearer.partition("Bearer ")[2], options={"verify_signature": False})
    assert claims["sub"] == "ha@congty.test"
    assert "mail from:<ke.toan@congty.test> size=21" in said(box)


def test_oauthbearer_is_preferred_where_it_is_offered(make_box: Callable[..., Box]) -> None:
    box = make_box(extensions=("DSN", "AUTH PLAIN XOAUTH2 OAUTHBEARER"))
    assert send(box).verdict is Verdict.ACCEPTED
    assert any(command.startswith("AUTH OAUTHBEARER ") for command in box.commands)


def test_it_asks_to_be_told_of_failure_and_delay_only(make_box: Callable[..., Box]) -> None:
    box = make_box()
    send(box, "anh@outside.test")
    assert "rcpt to:<anh@outside.test> notify=failure,delay" in said(box)


def test_without_dsn_on_the_server_no_option_is_sent(make_box: Callable[..., Box]) -> None:
    box = make_box(extensions=("AUTH XOAUTH2",))
    send(box, "anh@outside.test")
    assert "rcpt to:<anh@outside.test>" in said(box)


def test_each_recipient_keeps_the_reply_that_was_his(make_box: Callable[..., Box]) -> None:
    box = make_box(
        rcpt={
            "no@congty.test": "550 5.1.1 <no@congty.test>: Recipient address rejected",
            "later@congty.test": "451 4.3.0 Temporary lookup failure",
        }
    )
    result = send(box, "yes@congty.test", "no@congty.test", "later@congty.test")
    assert result.verdict is Verdict.ACCEPTED
    assert result.recipients["yes@congty.test"].is_success
    assert result.recipients["no@congty.test"].is_permanent
    assert result.recipients["no@congty.test"].enhanced == "5.1.1"
    assert result.recipients["later@congty.test"].code == 451


def test_when_every_recipient_is_refused_nothing_is_sent(make_box: Callable[..., Box]) -> None:
    box = make_box(rcpt={"no@congty.test": "550 5.1.1 unknown"})
    result = send(box, "no@congty.test")
    assert result.verdict is Verdict.REFUSED
    assert result.reply is not None
    assert result.reply.text == "unknown"
    assert box.messages == []


def test_one_recipient_who_may_come_later_makes_it_later(make_box: Callable[..., Box]) -> None:
    box = make_box(rcpt={"a@x.test": "550 5.1.1 no", "b@x.test": "450 4.2.0 later"})
    assert send(box, "a@x.test", "b@x.test").verdict is Verdict.LATER


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ({"greeting": "421 4.3.2 too busy"}, Verdict.LATER),
        ({"greeting": "554 5.0.0 no service"}, Verdict.LATER),
        ({"mail": "451 4.3.0 try later"}, Verdict.LATER),
        ({"mail": "553 5.7.1 not owned by user"}, Verdict.REFUSED),
        ({"data": "451 4.3.0 queue file write error"}, Verdict.LATER),
        ({"data": "552 5.3.4 too large"}, Verdict.REFUSED),
        ({"end": "451 4.7.1 filter unavailable"}, Verdict.LATER),
        ({"end": "554 5.7.1 spam"}, Verdict.REFUSED),
        ({"mail": CUT}, Verdict.LATER),
        ({"data": CUT}, Verdict.LATER),
        ({"end": CUT}, Verdict.DOUBT),
        ({"end": "no reply of SMTP"}, Verdict.DOUBT),
    ],
)
def test_the_verdict_follows_the_moment_and_the_class(
    make_box: Callable[..., Box], words: dict[str, str], verdict: Verdict
) -> None:
    assert send(make_box(**words)).verdict is verdict


def test_a_refused_sign_in_is_tried_again_later(make_box: Callable[..., Box]) -> None:
    box = make_box(auth="334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=")
    result = send(box)
    assert result.verdict is Verdict.LATER
    assert result.reply is not None
    assert result.reply.code == 535


def test_a_certificate_of_another_name_is_not_trusted(
    make_box: Callable[..., Box], pem: Path
) -> None:
    box = make_box()
    there = box.endpoint
    result = hand_over(
        login="ha@congty.test",
        mail_from="ha@congty.test",
        recipients=["anh@outside.test"],
        mime=MIME,
        endpoint=smtp.Endpoint(there.host, there.port, "another.test", pem),
    )
    assert result.verdict is Verdict.LATER
    assert "another.test" in result.detail
    assert not any(command.startswith("AUTH") for command in box.commands)


def test_nobody_listening_means_later(pem: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    there = smtp.Endpoint("127.0.0.1", port, "mail.box.test", pem)
    result = hand_over(
        login="a@b.test", mail_from="a@b.test", recipients=["c@d.test"], mime=MIME, endpoint=there
    )
    assert result.verdict is Verdict.LATER
    assert result.reply is None


def test_a_server_that_falls_silent_costs_no_more_than_the_step(
    make_box: Callable[..., Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "FINAL_DOT_SECONDS", 0.2)
    box = make_box(end="250-still thinking")  # a reply that never ends
    assert send(box).verdict is Verdict.DOUBT


@given(
    lines=st.lists(
        st.sampled_from([b"", b".", b"..", b".MAIL FROM:<x@y>", b"QUIT", b"text", b". "]),
        max_size=8,
    )
)
def test_no_body_ends_the_message_early(lines: list[bytes]) -> None:
    body = b"".join(line + b"\r\n" for line in lines)
    wire = smtp._stuffed(b"Subject: x\r\n\r\n" + body)
    assert b"\r\n.\r\n" not in wire
    assert (
        b"".join(
            line[1:] if line.startswith(b".") else line for line in wire.splitlines(keepends=True)
        )
        == b"Subject: x\r\n\r\n" + body
    )


def test_the_lease_outlives_every_time_out() -> None:
    assert smtp.LEASE_SECONDS > smtp.DIALOGUE_SECONDS + smtp.FINAL_DOT_SECONDS
    assert max(smtp.CONNECT_SECONDS, smtp.STEP_SECONDS) < smtp.DIALOGUE_SECONDS
