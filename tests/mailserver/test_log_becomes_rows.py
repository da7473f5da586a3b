"""The tailer stores what Postfix wrote, exactly once, wherever it was killed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import timezone

from delivery.models import (
    LogPosition,
    Outcome,
    OutcomeState,
    QueueIdSeen,
    Submission,
    SubmissionState,
)
from mailserver.services.tail_log import PostfixTailer
from tests.world import World, unique

pytestmark = pytest.mark.usefixtures("db")
QUEUE_ID = "4XyzQR1vBsz9t3D"
RELAY = "mx.partner.test[127.101.144.25]:25"


@dataclass
class Case:
    """A log of its own, a tailer, and a submission to two recipients."""

    path: Path
    name: str
    tailer: PostfixTailer
    submission: Submission

    def write(self, *texts: str) -> None:
        stamp = timezone.localtime().strftime("%b %e %H:%M:%S")
        with self.path.open("a") as file:
            file.writelines(f"{stamp} mail postfix-1a2b3c4d/{text}\n" for text in texts)

    def read(self) -> None:
        while self.tailer.step():
            pass

    def named(self, queue_id: str = QUEUE_ID) -> str:
        return f"cleanup[7]: {queue_id}: message-id={self.submission.message_id}"

    def said(self, to: str, words: str, *, orig: str = "", queue_id: str = QUEUE_ID) -> str:
        original = f"orig_to=<{orig}>, " if orig else ""
        return f"smtp[8]: {queue_id}: to=<{to}>, {original}relay={RELAY}, delay=1, delays=0/0/0/1, {words}"

    def outcome(self, recipient: str) -> Outcome:
        return Outcome.objects.get(submission=self.submission, recipient=recipient)


@pytest.fixture
def case(world: World, tmp_path: Path) -> Case:
    submission = Submission.objects.create(
        tenant=world.tenant,
        mailbox=world.person().box,
        compose_id=uuid.uuid4(),
        message_id=f"<{unique('m')}@haivan.test>",
        size_bytes=1,
        state=SubmissionState.DOUBT,
        due_at=timezone.now(),
        doubt_at=timezone.now(),
    )
    for recipient in ("a@partner.test", "b@partner.test"):
        Outcome.objects.create(submission=submission, recipient=recipient)
    name = unique("log")
    path = tmp_path / "postfix.log"
    path.touch()
    return Case(path, name, PostfixTailer(path, log=name), submission)


def test_a_message_id_alone_is_no_proof(case: Case) -> None:
    case.write(case.named())
    case.read()
    seen = QueueIdSeen.objects.get(queue_id=QUEUE_ID)
    assert (seen.message_id, seen.is_accepted) == (case.submission.message_id, False)


def test_the_queue_manager_is_proof(case: Case) -> None:
    case.write(case.named())
    case.read()
    case.write(f"qmgr[9]: {QUEUE_ID}: from=<a@b.test>, size=9, nrcpt=2 (queue active)")
    case.read()
    assert QueueIdSeen.objects.get(queue_id=QUEUE_ID).is_accepted


def test_queue_ids_of_foreign_mail_are_not_kept(case: Case) -> None:
    case.write("cleanup[7]: 4ForeignABCDEFG: message-id=<x@elsewhere.test>")
    case.read()
    assert not QueueIdSeen.objects.filter(queue_id="4ForeignABCDEFG").exists()


def test_each_recipient_gets_the_words_about_himself(case: Case) -> None:
    case.write(
        case.named(),
        case.said("a@partner.test", "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9F)"),
        case.said(
            "b@partner.test",
            f"dsn=5.1.1, status=bounced (host {RELAY[:-3]} said: 550 5.1.1 nobody (in reply to RCPT TO command))",
        ),
    )
    case.read()
    good, bad = case.outcome("a@partner.test"), case.outcome("b@partner.test")
    assert (good.state, good.reply_code, good.enhanced_code) == (
        OutcomeState.DELIVERED,
        250,
        "2.0.0",
    )
    assert (good.reply_text, good.relay) == ("Ok: queued as 9F", RELAY)
    assert (bad.state, bad.reply_code, bad.reply_text) == (OutcomeState.REFUSED, 550, "nobody")
    assert good.updated_at is not None
    assert abs((timezone.now() - good.updated_at).total_seconds()) < 5


def test_deferred_then_delivered(case: Case) -> None:
    case.write(
        case.named(),
        case.said(
            "a@partner.test", "dsn=4.2.0, status=deferred (host x[1.2.3.4] said: 450 4.2.0 later)"
        ),
    )
    case.read()
    assert case.outcome("a@partner.test").state == OutcomeState.DEFERRED
    case.write(case.said("a@partner.test", "dsn=2.0.0, status=sent (250 ok)"))
    case.read()
    assert case.outcome("a@partner.test").state == OutcomeState.DELIVERED


def test_a_refusal_stays_the_last_word_for_an_address_that_stands_for_several(case: Case) -> None:
    case.write(
        case.named(),
        case.said("x@c.test", "dsn=5.0.0, status=bounced (550 no)", orig="a@partner.test"),
        case.said("y@c.test", "dsn=2.0.0, status=sent (250 ok)", orig="a@partner.test"),
    )
    case.read()
    assert case.outcome("a@partner.test").state == OutcomeState.REFUSED


def test_expiry_refuses_what_was_still_waiting(case: Case) -> None:
    case.write(
        case.named(),
        case.said("a@partner.test", "dsn=4.2.0, status=deferred (450 later)"),
        case.said("b@partner.test", "dsn=2.0.0, status=sent (250 ok)"),
        f"qmgr[9]: {QUEUE_ID}: from=<a@b.test>, status=expired, returned to sender",
    )
    case.read()
    assert case.outcome("a@partner.test").state == OutcomeState.REFUSED
    assert case.outcome("a@partner.test").reply_text == "later"
    assert case.outcome("b@partner.test").state == OutcomeState.DELIVERED


def test_an_outcome_is_found_by_the_queue_id_of_the_250_too(case: Case) -> None:
    Submission.objects.filter(pk=case.submission.pk).update(queue_id="4OtherABCDEFGHI")
    case.write(
        case.said("a@partner.test", "dsn=2.0.0, status=sent (250 ok)", queue_id="4OtherABCDEFGHI")
    )
    case.read()
    assert case.outcome("a@partner.test").state == OutcomeState.DELIVERED


def test_a_new_agent_goes_on_where_the_old_one_stopped(case: Case) -> None:
    case.write(case.named())
    case.read()
    Outcome.objects.filter(submission=case.submission).update(reply_text="untouched")
    case.write(case.said("a@partner.test", "dsn=2.0.0, status=sent (250 ok)"))
    again = PostfixTailer(case.path, log=case.name)
    while again.step():
        pass
    assert case.outcome("a@partner.test").state == OutcomeState.DELIVERED
    assert LogPosition.objects.get(log=case.name).offset == case.path.stat().st_size


def test_rows_and_position_come_or_go_together(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.write(case.named())

    def power_cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LogPosition, "save", power_cut)
        with pytest.raises(KeyboardInterrupt):
            case.tailer.step()
    assert not QueueIdSeen.objects.filter(queue_id=QUEUE_ID).exists()
    case.read()
    assert QueueIdSeen.objects.filter(queue_id=QUEUE_ID).exists()


def test_the_watermark_moves_only_at_the_end_of_the_log(case: Case) -> None:
    before = timezone.now()
    case.write(case.named())
    assert case.tailer.step()  # lines were read: perhaps more come
    assert LogPosition.objects.get(log=case.name).read_to is None
    assert not case.tailer.step()
    read_to = LogPosition.objects.get(log=case.name).read_to
    assert read_to is not None
    assert read_to >= before


def test_without_the_file_the_watermark_stands_still(case: Case) -> None:
    case.path.unlink()
    case.read()
    assert LogPosition.objects.get(log=case.name).read_to is None


def test_an_idle_log_leaves_the_database_alone(
    case: Case, django_assert_num_queries: object
) -> None:
    case.write(case.named())
    case.read()
    case.tailer.step()
    with django_assert_num_queries(0):  # type: ignore[operator]  # a fixture without a type
        assert not case.tailer.step()
