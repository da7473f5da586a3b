"""Django's mail goes through the outbox, in the caller's transaction."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection, send_mail
from django.core.mail.message import BadHeaderError
from django.db import transaction

from delivery.email_backend import OutboxBackend
from delivery.models import Outcome, Submission
from portal.config import stack

if TYPE_CHECKING:
    from tests.world import World

BACKEND = "delivery.email_backend.OutboxBackend"


def test_an_invitation_becomes_a_submission_of_the_system(world: World) -> None:
    sent = send_mail(
        "Lời mời",
        "Chào bạn,\nmời bạn vào.\n",
        None,
        ["Nga <nga@ngoai.test>"],
        connection=get_connection(BACKEND),
        html_message="<p>Chào bạn</p>",
    )
    assert sent == 1
    row = Submission.objects.order_by("-id")[0]
    assert row.mailbox is None
    assert row.mail_from == f"no-reply@{stack().operator_domain}"
    assert Outcome.objects.get(submission=row).recipient == "nga@ngoai.test"
    message = message_from_bytes(bytes(row.body.mime), policy=policy.default)
    assert message["Subject"] == "Lời mời"
    assert message["Message-ID"] == row.message_id
    text = message.get_body(("plain",))
    assert text is not None
    assert "mời bạn vào" in text.get_content()


def test_bcc_is_in_the_envelope_only(world: World) -> None:
    mail = EmailMultiAlternatives("x", "y", None, ["a@x.test"], bcc=["secret@x.test"])
    OutboxBackend().send_messages([mail])
    row = Submission.objects.order_by("-id")[0]
    assert {o.recipient for o in row.outcomes.all()} == {"a@x.test", "secret@x.test"}
    assert b"secret" not in bytes(row.body.mime)


def test_a_rolled_back_transaction_sends_nothing(world: World) -> None:
    before = Submission.objects.count()
    with transaction.atomic():
        send_mail("x", "y", None, ["a@x.test"], connection=get_connection(BACKEND))
        transaction.set_rollback(True)
    assert Submission.objects.count() == before


def test_a_line_break_in_the_subject_is_refused(world: World) -> None:
    with pytest.raises(BadHeaderError):
        send_mail("x\r\nBcc: b@x.test", "y", None, ["a@x.test"], connection=get_connection(BACKEND))


def test_a_message_to_nobody_is_not_stored(world: World) -> None:
    assert OutboxBackend().send_messages([EmailMultiAlternatives("x", "y", None, [])]) == 0
