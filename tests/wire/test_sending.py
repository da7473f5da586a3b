"""Letters leave through the real outbox, and the sender's own mailbox follows them."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from email.header import decode_header, make_header
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.utils import timezone

from delivery.models import Outcome, OutcomeState, QueueIdSeen, Submission, SubmissionState
from delivery.smtp import LEASE_SECONDS
from portal.config import ROOT
from tests.conftest import letter, until
from tests.delivery.mail import FAR_DAY
from tests.webmail.writing import identity_of, people, send, writing_of
from tests.wire.mail import kept_by_partner, messages
from webmail.identity import MessageRef
from webmail.imap import pool
from webmail.imap.folders import special_folder
from webmail.imap.messages import fetch_flags, open_folder
from webmail.imap.search import filtered_uids, find_message_id
from webmail.imap.types import ANSWERED, FORWARDED
from webmail.message.reply import Mode
from webmail.message.writing import Answers, message_id, next_compose_id
from webmail.models import SentCopy, SentCopyState
from webmail.services.reopen_letter import find_draft, write_on
from webmail.services.save_draft import discard_draft, save_draft
from webmail.services.send_message import send_message
from webmail.services.start_letter import start_answer
from webmail.services.undo_send import undo_send

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = [pytest.mark.wire]
NOW = timedelta(0)


def reaches(row: Submission, state: str, *, seconds: float = 30) -> None:
    until(
        lambda: Submission.objects.filter(pk=row.pk, state=state).exists(),
        seconds=seconds,
        what=f"submission becomes {state}",
    )


def outcome_is(row: Submission, state: str, *, seconds: float = 30) -> Outcome:
    found = until(
        lambda: Outcome.objects.filter(submission=row, state=state).first(),
        seconds=seconds,
        what=f"outcome becomes {state}",
    )
    assert found is not None
    return found


def copy_is(row: Submission, state: str) -> None:
    until(
        lambda: SentCopy.objects.filter(submission=row, state=state).exists(),
        seconds=30,
        what=f"sent copy becomes {state}",
    )


def count_in(person: Person, special_use: str, needle: str) -> int:
    """How many messages of a special folder carry this Message-ID."""
    with pool.borrow(identity_of(person)) as session:
        open_folder(session, special_folder(session, special_use))
        return len(find_message_id(session, needle))


def test_a_letter_to_a_colleague_is_in_his_inbox_and_in_sent(
    live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    ha, khoi = live.person(name="Trần Thu Hà"), live.person()
    writing = writing_of(ha, subject="Bảng giá vải", text="Chào anh,\n.\nEm gửi bảng giá.")
    row = send(ha, khoi.address, writing=writing, hold=NOW)
    reaches(row, SubmissionState.SENT)
    outcome = outcome_is(row, OutcomeState.DELIVERED)
    assert outcome.recipient == khoi.address
    inbox = imap(khoi)
    [found] = until(lambda: messages(inbox))
    assert str(make_header(decode_header(found["Subject"]))) == "Bảng giá vải"
    assert b"\n.\r\n" in found.get_payload(decode=True)
    copy_is(row, SentCopyState.DONE)
    assert count_in(ha, "sent", row.message_id) == 1


def test_a_letter_to_another_company_comes_back_as_echo(
    live: World, stack: Stack, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    from demo.box.records import publish

    publish(live.domain.name, "MX", f"10 {stack.mail_hostname}.")
    publish(live.domain.name, "TXT", f"v=spf1 include:_spf.{stack.operator_domain} -all")
    ha = live.person()
    row = send(ha, "echo@partner.test", writing=writing_of(ha, subject="Ping"), hold=NOW)
    outcome_is(row, OutcomeState.DELIVERED)
    assert kept_by_partner(stack, "echo@partner.test", row.message_id)
    inbox = imap(ha)
    [answer] = until(lambda: messages(inbox), seconds=30, what="the echo")
    assert "Ping" in answer["Subject"]


def test_bcc_reaches_its_recipient_and_nobody_learns_of_it(live: World, stack: Stack) -> None:
    ha = live.person()
    open_to, hidden = f"to-{uuid4().hex}@partner.test", f"bcc-{uuid4().hex}@partner.test"
    row = send(ha, open_to, bcc=[hidden], hold=NOW)
    until(lambda: kept_by_partner(stack, hidden, row.message_id))
    data = until(lambda: kept_by_partner(stack, open_to, row.message_id))
    assert hidden.encode() not in data
    copy_is(row, SentCopyState.DONE)
    with pool.borrow(identity_of(ha)) as session:
        open_folder(session, special_folder(session, "sent"))
        assert find_message_id(session, row.message_id)


def test_an_address_the_partner_refuses_ends_refused_with_its_words(live: World) -> None:
    row = send(live.person(), "no@partner.test", hold=NOW)
    outcome = outcome_is(row, OutcomeState.REFUSED)
    assert outcome.reply_code == 550
    assert "no@partner.test" in outcome.reply_text


def test_an_unknown_colleague_is_refused_at_once_and_the_letter_is_back_in_drafts(
    live: World,
) -> None:
    ha = live.person()
    writing = writing_of(ha)
    row = send(
        ha, f"nobody@{live.domain.name}", writing=writing, bcc=["x@partner.invalid"][:0], hold=NOW
    )
    reaches(row, SubmissionState.FAILED)
    copy_is(row, SentCopyState.RETURNED)
    started = find_draft(identity_of(ha), next_compose_id(writing.compose_id))
    assert started is not None
    assert started.writing.to == f"nobody@{live.domain.name}"
    assert count_in(ha, "sent", row.message_id) == 0


def test_a_server_that_says_later_leaves_the_recipient_deferred(live: World) -> None:
    row = send(live.person(), "slow@partner.test", hold=NOW)
    outcome = outcome_is(row, OutcomeState.DEFERRED)
    assert outcome.reply_code == 451
    row.refresh_from_db()
    assert row.state == SubmissionState.SENT


def test_a_connection_cut_by_the_partner_is_postfixs_to_repeat_not_ours(live: World) -> None:
    row = send(live.person(), "cut@partner.test", hold=NOW)
    outcome_is(row, OutcomeState.DEFERRED)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (SubmissionState.SENT, 1)
    assert QueueIdSeen.objects.filter(message_id=row.message_id).count() == 1


KILLED_AFTER_THE_FINAL_DOT = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
django.setup()
from delivery.models import Submission
from delivery.smtp import hand_over
row = Submission.objects.get(pk=int(sys.argv[1]))
result = hand_over(
    login=row.mail_from, mail_from=row.mail_from,
    recipients=[o.recipient for o in row.outcomes.all()], mime=bytes(row.body.mime),
)
assert result.queue_id, result
os.kill(os.getpid(), 9)
"""


def test_a_worker_killed_after_the_final_dot_sends_nothing_twice(
    live: World, stack: Stack, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    ha, khoi = live.person(), live.person()
    row = send(ha, khoi.address, hold=FAR_DAY - timezone.now())
    Submission.objects.filter(pk=row.pk).update(
        state=SubmissionState.SENDING,
        attempts=1,
        lease_until=timezone.now() + timedelta(seconds=LEASE_SECONDS),
    )
    worker = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_THE_FINAL_DOT, str(row.pk)],
        cwd=ROOT, env={"HOPTHU_DATA": str(stack.data), "PATH": "/usr/bin"}, check=False,
    )  # fmt: skip
    assert worker.returncode == -9
    Submission.objects.filter(pk=row.pk, attempts=1).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    reaches(row, SubmissionState.SENT)
    row.refresh_from_db()
    assert row.attempts == 1
    assert row.queue_id
    inbox = imap(khoi)
    until(lambda: messages(inbox))
    copy_is(row, SentCopyState.DONE)
    assert len(messages(inbox)) == 1


def test_a_worker_killed_before_it_spoke_is_settled_and_sent_once(
    live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    ha, khoi = live.person(), live.person()
    row = send(ha, khoi.address, hold=FAR_DAY - timezone.now())
    Submission.objects.filter(pk=row.pk).update(
        state=SubmissionState.SENDING,
        attempts=1,
        lease_until=timezone.now() - timedelta(seconds=1),
    )
    reaches(row, SubmissionState.SENT, seconds=60)
    row.refresh_from_db()
    assert row.attempts == 2
    inbox = imap(khoi)
    assert len(until(lambda: messages(inbox))) == 1


# ---- the sender's own mailbox


def test_answering_marks_the_original_and_removes_the_draft(live: World, stack: Stack) -> None:
    ha = live.person()
    ref = arrived(ha, stack)
    started = start_answer(identity_of(ha), ref, Mode.REPLY)
    writing = started.writing
    assert writing.to == "an@partner.test"
    assert writing.subject == "Re: Xin chào"
    assert "> Một lá thư thử." in writing.text
    save_draft(identity_of(ha), writing=writing)
    own_id = message_id(writing.compose_id, ha.address)
    assert count_in(ha, "drafts", own_id) == 1
    row = send_message(identity_of(ha), writing=writing, to=people(["an@partner.test"]), hold=NOW)
    copy_is(row, SentCopyState.DONE)
    assert ANSWERED in flags_of(ha, ref)
    assert count_in(ha, "drafts", own_id) == 0
    assert count_in(ha, "sent", own_id) == 1


def test_passing_on_carries_the_files_and_marks_the_original(live: World, stack: Stack) -> None:
    ha = live.person()
    message = letter(ha.address)
    message.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="Hóa đơn.pdf")
    ref = arrived(ha, stack, message)
    started = start_answer(identity_of(ha), ref, Mode.FORWARD)
    hidden = f"fw-{uuid4().hex}@partner.test"
    row = send_message(identity_of(ha), writing=started.writing, to=people([hidden]), hold=NOW)
    data = until(lambda: kept_by_partner(stack, hidden, row.message_id))
    assert b"JVBERi0x" in data
    copy_is(row, SentCopyState.DONE)
    assert FORWARDED in flags_of(ha, ref)


def test_a_crash_between_copy_and_mark_leaves_one_copy(live: World) -> None:
    ha = live.person()
    row = send(ha, f"x-{uuid4().hex}@partner.test", hold=NOW)
    copy_is(row, SentCopyState.DONE)
    SentCopy.objects.filter(submission=row).update(
        state=SentCopyState.WAITING, due_at=timezone.now()
    )
    until(lambda: SentCopy.objects.get(submission=row).attempts >= 2)
    copy_is(row, SentCopyState.DONE)
    assert count_in(ha, "sent", row.message_id) == 1


def test_the_original_may_be_gone_by_then(live: World) -> None:
    ha = live.person()
    writing = writing_of(ha, answers=Answers("Không có", 1, 99))
    row = send(ha, f"x-{uuid4().hex}@partner.test", writing=writing, hold=NOW)
    copy_is(row, SentCopyState.DONE)


def test_undo_brings_the_letter_back_as_a_draft_with_everything(live: World) -> None:
    ha = live.person()
    writing = writing_of(ha, answers=Answers("INBOX", 5, 6), text="Một\nhai")
    save_draft(identity_of(ha), writing=writing)
    row = send(ha, "a@partner.test", writing=writing, bcc=["kin@partner.test"])
    undo_send(row)
    started = write_on(identity_of(ha), row)
    assert (started.writing.to, started.writing.bcc) == ("a@partner.test", "kin@partner.test")
    assert started.writing.text == "Một\nhai"
    assert started.writing.answers == Answers("INBOX", 5, 6)
    copy_is(row, SentCopyState.RETURNED)
    assert count_in(ha, "drafts", message_id(writing.compose_id, ha.address)) == 0
    again = next_compose_id(writing.compose_id)
    assert count_in(ha, "drafts", message_id(again, ha.address)) == 1
    assert not row.queue_id


# ---- drafts


def test_a_draft_is_one_however_often_it_is_saved(live: World) -> None:
    ha = live.person()
    writing = writing_of(ha, to="khoi@congty, le m")
    for number in range(3):
        save_draft(identity_of(ha), writing=writing_of(
            ha, compose_id=writing.compose_id, to=writing.to, text=f"bản {number}"
        ))  # fmt: skip
    assert count_in(ha, "drafts", message_id(writing.compose_id, ha.address)) == 1
    started = find_draft(identity_of(ha), writing.compose_id)
    assert started is not None
    assert started.writing.compose_id == writing.compose_id
    assert started.writing.to == "khoi@congty, le m"
    assert started.writing.text == "bản 2"


def test_a_discarded_draft_lies_in_the_bin(live: World) -> None:
    ha = live.person()
    writing = writing_of(ha)
    save_draft(identity_of(ha), writing=writing)
    discard_draft(identity_of(ha), writing=writing)
    own_id = message_id(writing.compose_id, ha.address)
    assert (count_in(ha, "drafts", own_id), count_in(ha, "trash", own_id)) == (0, 1)


def arrived(person: Person, stack: Stack, message: object = None) -> MessageRef:
    """Deliver a message and return its reference."""
    from tests.conftest import deliver

    deliver(stack, person.address, message or letter(person.address))  # type: ignore[arg-type]  # a message or none
    with pool.borrow(identity_of(person)) as session:
        selected = open_folder(session, "INBOX")
        uid = filtered_uids(session, "unread")[-1]
    return MessageRef(person.box.pk, "INBOX", selected.uid_validity, uid)


def flags_of(person: Person, ref: MessageRef) -> frozenset[bytes]:
    with pool.borrow(identity_of(person)) as session:
        open_folder(session, ref.folder)
        return fetch_flags(session, [ref.uid])[ref.uid]
