"""What Postfix says becomes the state of the message and of each recipient."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from accounts.models import TenantStatus
from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from delivery.replies import Reason
from delivery.retry import MOST_ATTEMPTS
from delivery.services.claim import claim
from delivery.services.deliver import deliver
from delivery.services.sweep import sweep
from delivery.smtp import HandOver, Reply, Verdict
from domains.models import MailboxStatus
from portal.config import stack
from tests.delivery.mail import outgoing
from tests.world import operator_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world import World

OK = Reply(250, "2.1.5", "Ok")
QUEUED = Reply(250, "2.0.0", "Ok: queued as 4XyZ12abcd")
LATER = Reply(451, "4.3.0", "try again")
NO = Reply(550, "5.1.1", "unknown")


class Postfix:
    """Stands where Postfix stands: answers by address, remembers what it was handed."""

    def __init__(self, verdict: Verdict, reply: Reply | None = None, **recipients: Reply) -> None:
        self.verdict, self.reply, self.recipients = verdict, reply, recipients
        self.calls: list[dict[str, Any]] = []

    def __call__(self, **call: Any) -> HandOver:
        self.calls.append(call)
        answers = {
            address: self.recipients.get(address.partition("@")[0], OK)
            for address in call["recipients"]
        }
        queue_id = "4XyZ12abcd" if self.verdict is Verdict.ACCEPTED else ""
        return HandOver(self.verdict, self.reply, queue_id, answers)


@pytest.fixture
def claimed(world: World) -> Callable[..., Submission]:
    def make(*recipients: str, **changes: Any) -> Submission:
        outgoing(world.person(), *recipients, **changes)
        row = claim(among=[world.tenant.pk])
        assert row is not None
        return row

    return make


def states(row: Submission) -> dict[str, str]:
    return dict(Outcome.objects.filter(submission=row).values_list("recipient", "state"))


def test_accepted_is_sent_with_queue_id_and_reply(claimed: Callable[..., Submission]) -> None:
    row, postfix = claimed("a@x.test"), Postfix(Verdict.ACCEPTED, QUEUED)
    assert deliver(row, hand=postfix)
    row.refresh_from_db()
    assert row.state == SubmissionState.SENT
    assert (row.queue_id, row.reply_code, row.lease_until) == ("4XyZ12abcd", 250, None)
    assert row.reply_text == "2.0.0 Ok: queued as 4XyZ12abcd"
    assert row.sent_at is not None
    assert states(row) == {"a@x.test": OutcomeState.ACCEPTED}


def test_it_signs_in_as_the_mailbox_whatever_the_sender_is(world: World) -> None:
    person = world.person()
    outgoing(person, mail_from=f"alias@{world.domain.name}")
    row, postfix = claim(among=[world.tenant.pk]), Postfix(Verdict.ACCEPTED, QUEUED)
    assert row is not None
    deliver(row, hand=postfix)
    assert postfix.calls[0]["login"] == person.address
    assert postfix.calls[0]["mail_from"] == f"alias@{world.domain.name}"


def test_mail_of_the_system_signs_in_as_no_reply(world: World) -> None:
    outgoing(world.person(), mailbox=None, tenant=world.tenant)
    row, postfix = claim(among=[world.tenant.pk]), Postfix(Verdict.ACCEPTED, QUEUED)
    assert row is not None
    deliver(row, hand=postfix)
    assert postfix.calls[0]["login"] == f"no-reply@{stack().operator_domain}"


def test_a_refused_recipient_beside_an_accepted_one_is_told_apart(
    claimed: Callable[..., Submission],
) -> None:
    row = claimed("yes@x.test", "no@x.test")
    deliver(row, hand=Postfix(Verdict.ACCEPTED, QUEUED, no=NO))
    row.refresh_from_db()
    assert row.state == SubmissionState.SENT
    assert states(row) == {"yes@x.test": OutcomeState.ACCEPTED, "no@x.test": OutcomeState.REFUSED}
    refused = Outcome.objects.get(submission=row, recipient="no@x.test")
    assert (refused.reply_code, refused.enhanced_code, refused.reply_text) == (
        550,
        "5.1.1",
        "unknown",
    )


def test_a_recipient_told_to_wait_is_the_only_one_tried_again(
    world: World, claimed: Callable[..., Submission]
) -> None:
    row = claimed("yes@x.test", "wait@x.test")
    deliver(row, hand=Postfix(Verdict.ACCEPTED, QUEUED, wait=LATER))
    row.refresh_from_db()
    assert row.state == SubmissionState.QUEUED
    assert states(row) == {"yes@x.test": OutcomeState.ACCEPTED, "wait@x.test": OutcomeState.PENDING}
    Submission.objects.filter(pk=row.pk).update(due_at=timezone.now())
    again, postfix = claim(among=[world.tenant.pk]), Postfix(Verdict.ACCEPTED, QUEUED)
    assert again is not None
    deliver(again, hand=postfix)
    assert postfix.calls[0]["recipients"] == ["wait@x.test"]
    row.refresh_from_db()
    assert row.state == SubmissionState.SENT


def test_refused_fails_at_once_with_each_recipients_word(
    claimed: Callable[..., Submission],
) -> None:
    row = claimed("no@x.test", "yes@x.test")
    spam = Reply(554, "5.7.1", "Spam message rejected")
    deliver(row, hand=Postfix(Verdict.REFUSED, spam, no=NO))
    row.refresh_from_db()
    assert row.state == SubmissionState.FAILED
    words = dict(Outcome.objects.filter(submission=row).values_list("recipient", "reply_text"))
    assert words == {"no@x.test": "unknown", "yes@x.test": "5.7.1 Spam message rejected"}
    assert set(states(row).values()) == {OutcomeState.REFUSED}


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 15), (3, 60), (4, 300), (5, 900), (40, 900)]
)
def test_later_is_tried_again_with_growing_pauses(
    claimed: Callable[..., Submission], attempts: int, seconds: int
) -> None:
    row = claimed()
    Submission.objects.filter(pk=row.pk).update(attempts=attempts)
    row.attempts = attempts
    before = timezone.now()
    deliver(row, hand=Postfix(Verdict.LATER, LATER))
    row.refresh_from_db()
    assert row.state == SubmissionState.QUEUED
    assert timedelta(0) <= row.due_at - before - timedelta(seconds=seconds) < timedelta(seconds=3)
    assert (row.reply_code, row.reply_text) == (451, "4.3.0 try again")


def test_after_a_day_of_tries_it_fails(claimed: Callable[..., Submission]) -> None:
    row = claimed("a@x.test")
    Submission.objects.filter(pk=row.pk).update(attempts=MOST_ATTEMPTS)
    row.attempts = MOST_ATTEMPTS
    deliver(row, hand=Postfix(Verdict.LATER))
    row.refresh_from_db()
    assert row.state == SubmissionState.FAILED
    assert row.reply_text == Reason.NO_ANSWER
    assert states(row) == {"a@x.test": OutcomeState.REFUSED}


def test_cut_after_the_final_dot_is_doubt(claimed: Callable[..., Submission]) -> None:
    row = claimed("a@x.test")
    deliver(row, hand=Postfix(Verdict.DOUBT))
    row.refresh_from_db()
    assert row.state == SubmissionState.DOUBT
    assert row.doubt_at is not None
    assert row.lease_until is None
    assert states(row) == {"a@x.test": OutcomeState.PENDING}


def test_a_worker_whose_lease_was_taken_writes_nothing(claimed: Callable[..., Submission]) -> None:
    row = claimed("a@x.test")
    Submission.objects.filter(pk=row.pk).update(attempts=2)  # somebody else has it
    assert not deliver(row, hand=Postfix(Verdict.REFUSED, NO))
    row.refresh_from_db()
    assert row.state == SubmissionState.SENDING
    assert states(row) == {"a@x.test": OutcomeState.PENDING}


def test_an_expired_lease_becomes_doubt_never_a_repeat(claimed: Callable[..., Submission]) -> None:
    row = claimed()
    Submission.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep()
    row.refresh_from_db()
    assert row.state == SubmissionState.DOUBT


def test_a_slow_worker_still_settles_the_doubt_about_its_own_attempt(
    claimed: Callable[..., Submission],
) -> None:
    row = claimed()
    Submission.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep()
    assert deliver(row, hand=Postfix(Verdict.ACCEPTED, QUEUED))
    row.refresh_from_db()
    assert row.state == SubmissionState.SENT


@pytest.mark.parametrize("stop", ["mailbox", "person", "company", "reseller", "protocol"])
def test_a_suspended_sender_sends_nothing(world: World, stop: str) -> None:
    person = world.person()
    row = outgoing(person)
    match stop:
        case "mailbox":
            person.box.status = MailboxStatus.SUSPENDED
        case "protocol":
            person.box.allow_smtp = False
        case "person":
            person.user.is_active = False
        case "company":
            world.tenant.status = TenantStatus.SUSPENDED
        case "reseller":
            world.reseller.status = TenantStatus.SUSPENDED
    for thing in (person.box, person.user, world.tenant, world.reseller):
        thing.save()
    claimed, postfix = claim(among=[world.tenant.pk]), Postfix(Verdict.ACCEPTED, QUEUED)
    assert claimed is not None
    deliver(claimed, hand=postfix)
    assert postfix.calls == []
    row.refresh_from_db()
    assert row.state == SubmissionState.FAILED
    assert row.reply_text == Reason.SUSPENDED
    assert operator_tenant().status == TenantStatus.ACTIVE
