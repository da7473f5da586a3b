"""The agent of the running stack carries out what rows ask for, on the real daemons."""

from __future__ import annotations

import grp
import imaplib
import smtplib
import socket
import ssl
import stat
import uuid
from base64 import b64encode
from collections.abc import Callable
from time import monotonic

import pytest
from django.utils import timezone

from accounts.models import AccessChange
from delivery.models import (
    LogPosition,
    Outcome,
    OutcomeState,
    QueueIdSeen,
    Submission,
    SubmissionState,
)
from domains.models import DkimKey, Mailbox, MailboxStatus, MailHomeChange
from portal.config import Stack
from tests.conftest import deliver, letter, until
from tests.world import Person, World, signing_key

pytestmark = pytest.mark.wire


def has_ended(client: imaplib.IMAP4_SSL) -> bool:
    try:
        client.noop()
    except (imaplib.IMAP4.abort, OSError):
        return True
    return False


def test_an_open_session_ends_within_two_seconds_of_the_order(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    person, other = live.person(), live.person()
    mine, theirs = imap(person), imap(other)
    mine.select("INBOX")
    Mailbox.objects.filter(pk=person.box.pk).update(status=MailboxStatus.SUSPENDED)
    started = monotonic()
    order = AccessChange.objects.create(address=person.address, mailbox_id=person.box.pk, kick=True)
    until(lambda: has_ended(mine), seconds=5)
    assert monotonic() - started < 2
    until(lambda: AccessChange.objects.get(pk=order.pk).done_at, seconds=2)
    assert not has_ended(theirs)
    with pytest.raises(imaplib.IMAP4.error):
        imap(person)


def test_open_sessions_of_pop3_and_sieve_end_with_the_order(stack: Stack, live: World) -> None:
    person = live.person()
    plain = b64encode(f"\0{person.address}\0{person.password}".encode())
    for door, ready, words in (
        ("pop3", b"+OK Logged in.", b"AUTH PLAIN " + plain + b"\r\n"),
        ("managesieve", b'OK "Logged in."', b'AUTHENTICATE "PLAIN" "' + plain + b'"\r\n'),
    ):
        address = ("127.0.0.1", stack.mail_port(door))
        with socket.create_connection(address, timeout=5) as line, line.makefile("rb") as said:
            line.sendall(words)
            assert any(ready in answer for answer in said), door
            AccessChange.objects.create(address=person.address, mailbox_id=person.box.pk, kick=True)
            assert said.read()  # to the end: a farewell


def test_a_change_without_a_kick_leaves_sessions_open(
    live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    person = live.person()
    client = imap(person)
    order = AccessChange.objects.create(address=person.address, mailbox_id=person.box.pk)
    until(lambda: AccessChange.objects.get(pk=order.pk).done_at, seconds=5)
    assert not has_ended(client)


def test_an_order_nobody_can_carry_out_does_not_hold_up_the_others(live: World) -> None:
    person = live.person()
    bad = AccessChange.objects.create(address="*", mailbox_id=1, kick=True)
    good = AccessChange.objects.create(address=person.address, mailbox_id=person.box.pk, kick=True)
    try:
        until(lambda: AccessChange.objects.get(pk=good.pk).done_at, seconds=10)
        assert AccessChange.objects.get(pk=bad.pk).done_at is None
    finally:
        bad.delete()


def test_the_home_of_a_deleted_mailbox_goes(stack: Stack, live: World) -> None:
    person = live.person()
    deliver(stack, person.address, letter(person.address))
    home = stack.data / "mail" / str(person.box.pk)
    assert home.is_dir()
    number = person.box.pk
    person.box.delete()
    order = MailHomeChange.objects.create(mailbox_id=number, address=person.address)
    until(lambda: MailHomeChange.objects.get(pk=order.pk).done_at, seconds=10)
    assert not home.exists()


def test_an_order_against_a_living_mailbox_fails_in_words(stack: Stack, live: World) -> None:
    person = live.person()
    deliver(stack, person.address, letter(person.address))
    order = MailHomeChange.objects.create(mailbox_id=person.box.pk, address=person.address)
    try:
        until(lambda: MailHomeChange.objects.get(pk=order.pk).error, seconds=10)
        assert (stack.data / "mail" / str(person.box.pk)).is_dir()
        assert MailHomeChange.objects.get(pk=order.pk).attempts >= 1
    finally:
        order.delete()


def test_a_signing_key_appears_for_rspamd_and_goes_when_retired(stack: Stack, live: World) -> None:
    key = signing_key(live.domain)
    path = stack.data / "dkim" / f"{live.domain.name}.s1.key"
    until(path.exists, seconds=10)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_gid == grp.getgrnam("_rspamd").gr_gid
    DkimKey.objects.filter(pk=key.pk).update(retired_at=timezone.now())
    until(lambda: not path.exists(), seconds=10)


def sent_by_hand(stack: Stack, tls: ssl.SSLContext, person: Person, *recipients: str) -> Submission:
    """Hand a message to Postfix as the outbox does, with its row but without its worker."""
    message = letter(recipients[0], sender=person.address)
    submission = Submission.objects.create(
        tenant=person.box.tenant,
        mailbox=person.box,
        compose_id=uuid.uuid4(),
        message_id=message["Message-ID"],
        size_bytes=1,
        state=SubmissionState.SENT,
        due_at=timezone.now(),
    )
    for recipient in recipients:
        Outcome.objects.create(submission=submission, recipient=recipient)
    with smtplib.SMTP("127.0.0.1", stack.mail_port("submission"), timeout=20) as client:
        client.starttls(context=tls)
        secret = b64encode(f"\0{person.address}\0{person.password}".encode()).decode()
        client.ehlo()
        assert client.docmd("AUTH", f"PLAIN {secret}")[0] == 235
        client.sendmail(person.address, list(recipients), message.as_bytes())
    return submission


def test_what_happens_to_a_message_is_written_beside_its_recipients(
    stack: Stack, tls: ssl.SSLContext, live: World
) -> None:
    person, colleague = live.person(), live.person()
    submission = sent_by_hand(
        stack, tls, person, colleague.address, "kept@partner.test", "no@partner.test"
    )

    def all_told() -> dict[str, Outcome]:
        rows = {row.recipient: row for row in Outcome.objects.filter(submission=submission)}
        is_open = any(row.state == OutcomeState.PENDING for row in rows.values())
        return {} if is_open else rows

    rows = until(all_told, seconds=20)
    inside, outside, refused = (
        rows[name] for name in (colleague.address, "kept@partner.test", "no@partner.test")
    )
    assert inside.state == OutcomeState.DELIVERED
    assert "Saved" in inside.reply_text
    assert outside.state == OutcomeState.DELIVERED
    assert outside.relay.endswith(f"[{stack.box_address(25)}]:{stack.loopback_smtp_out_port}")
    assert refused.state == OutcomeState.REFUSED
    assert refused.reply_code in range(500, 600)
    seen = QueueIdSeen.objects.get(message_id=submission.message_id)
    assert seen.is_accepted


def test_a_server_that_says_later_is_deferred(
    stack: Stack, tls: ssl.SSLContext, live: World
) -> None:
    submission = sent_by_hand(stack, tls, live.person(), "slow@partner.test")
    row = until(
        lambda: (
            Outcome.objects.filter(submission=submission)
            .exclude(state=OutcomeState.PENDING)
            .first()
        ),
        seconds=20,
    )
    assert row is not None
    assert row.state == OutcomeState.DEFERRED
    assert 400 <= (row.reply_code or 0) < 500


def test_the_watermarks_of_log_and_queue_keep_up(committed: None) -> None:
    now = timezone.now()

    def both() -> bool:
        row = LogPosition.objects.get(log="postfix")
        return bool(
            row.read_to and row.queue_scanned_at and min(row.read_to, row.queue_scanned_at) > now
        )

    until(both, seconds=15)
