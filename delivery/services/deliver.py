"""Hands a claimed submission to Postfix and writes down what it said."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, assert_never

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from delivery.limits import blocking, reason
from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from delivery.replies import Reason
from delivery.retry import next_try
from delivery.selectors import may_send, sending_windows
from delivery.smtp import HandOver, Reply, Verdict, hand_over
from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from delivery.limits import Window

logger = logging.getLogger(__name__)

_OVER_LIMIT = (450, "4.7.1")  # the policy service's own, after the last line of the message


def deliver(claimed: Submission, *, hand: Callable[..., HandOver] = hand_over) -> bool:
    """Send what `claim` returned to the recipients still waiting; True if our word was taken.

    Every write carries the attempt number of the claim. False means that the lease ran out and
    somebody else has the row: then nothing is written. `hand` is the gateway.
    """
    if claimed.mailbox is not None and not may_send(claimed.mailbox):
        refusal = Reply(0, "", str(Reason.SUSPENDED))
        return _write(claimed, HandOver(Verdict.REFUSED, refusal))
    # What an earlier try was told must not pass for this one's answer when this one is cut.
    _pending(claimed).filter(reply_code__isnull=False).update(reply_code=None)
    waiting = list(_pending(claimed).order_by("id").values_list("recipient", flat=True))
    result = hand(
        login=_login(claimed),
        mail_from=claimed.mail_from,
        recipients=waiting,
        mime=bytes(claimed.body.mime),
    )
    logger.info(
        "handed over",
        extra={
            "submission": claimed.pk,
            "attempt": claimed.attempts,
            "verdict": result.verdict,
            "code": result.reply.code if result.reply else None,
            "detail": result.detail,
        },
    )
    return _write(claimed, result)


def _login(claimed: Submission) -> str:
    """The mailbox whose name signs in: the sender's own, the operator's for mail of the system."""
    if claimed.mailbox is None:
        return f"no-reply@{stack().operator_domain}"
    return claimed.mailbox.address.email


@transaction.atomic
def _write(claimed: Submission, result: HandOver) -> bool:
    if not _is_still_ours(claimed):
        logger.warning("lease lost", extra={"submission": claimed.pk, "attempt": claimed.attempts})
        return False
    _note_answers(claimed, result)
    code, text = _words(result.reply)
    match result.verdict:
        case Verdict.ACCEPTED:
            _accepted(claimed, result)
        case Verdict.DOUBT:
            now = timezone.now()
            _update(claimed, state=SubmissionState.DOUBT, doubt_at=now, due_at=now)
        case Verdict.REFUSED:
            _end(claimed, code, text)
        case Verdict.LATER if window := _full_window(claimed, result):
            _wait(claimed, window)
        case Verdict.LATER:
            _later(claimed, code, text or str(Reason.NO_ANSWER))
        case _:
            assert_never(result.verdict)
    return True


def _is_still_ours(claimed: Submission) -> bool:
    """Lock the row if it is on our attempt; a lease that ran out meanwhile left `doubt`."""
    return (
        Submission.objects.select_for_update()
        .filter(
            pk=claimed.pk,
            attempts=claimed.attempts,
            state__in=(SubmissionState.SENDING, SubmissionState.DOUBT),
        )
        .exists()
    )


def _note_answers(claimed: Submission, result: HandOver) -> None:
    """Write down each recipient's own answer; whoever is told to come back stays pending."""
    for address, reply in result.recipients.items():
        if reply.is_permanent:
            _refuse(claimed, reply, recipient=address)
        elif not reply.is_success:
            _pending(claimed).filter(recipient=address).update(**_answer(reply))
    if result.verdict is Verdict.ACCEPTED:
        taken = [address for address, reply in result.recipients.items() if reply.is_success]
        _pending(claimed).filter(recipient__in=taken).update(
            state=OutcomeState.ACCEPTED, updated_at=timezone.now()
        )


def _accepted(claimed: Submission, result: HandOver) -> None:
    """Postfix has it. Recipients told to come back later keep the row in the queue."""
    later = [
        reply
        for reply in result.recipients.values()
        if not reply.is_success and not reply.is_permanent
    ]
    if later:
        _later(claimed, *_words(later[0]), queue_id=result.queue_id)
        return
    code, text = _words(result.reply)
    _update(
        claimed,
        state=SubmissionState.SENT,
        sent_at=timezone.now(),
        queue_id=result.queue_id,
        reply_code=code,
        reply_text=text,
    )


def _full_window(claimed: Submission, result: HandOver) -> Window | None:
    """Return the plan's window that was full, if that is why Postfix said later."""
    reply = result.reply
    if claimed.mailbox is None or reply is None or (reply.code, reply.enhanced) != _OVER_LIMIT:
        return None
    wanted = sum(answer.is_success for answer in result.recipients.values())
    return blocking(sending_windows(claimed.mailbox.tenant_id), wanted)


def _wait(claimed: Submission, window: Window) -> None:
    """Queue the row for the next window. The try does not count: waiting for room ends well.

    The number of the try may be given out again, since nobody else holds it: the fence stands.
    """
    _update(
        claimed,
        state=SubmissionState.QUEUED,
        attempts=F("attempts") - 1,
        due_at=window.ends_at,
        reply_code=None,
        reply_text=reason(window),
    )


def _later(claimed: Submission, code: int | None, text: str, **more: Any) -> None:
    """Queue the row again, or give up after a day of tries."""
    at = next_try(attempts=claimed.attempts, now=timezone.now())
    if at is None:
        _end(claimed, code, text)
        return
    _update(
        claimed, state=SubmissionState.QUEUED, due_at=at, reply_code=code, reply_text=text, **more
    )


def _end(claimed: Submission, code: int | None, text: str) -> None:
    """Stop trying: whoever is still pending is refused with the message's own reply."""
    _refuse(claimed, Reply(code or 0, "", text))
    reached = Outcome.objects.filter(submission=claimed).exclude(state=OutcomeState.REFUSED)
    if reached.exists():  # an earlier try reached some of them
        _update(
            claimed,
            state=SubmissionState.SENT,
            sent_at=timezone.now(),
            reply_code=code,
            reply_text=text,
        )
    else:
        _update(claimed, state=SubmissionState.FAILED, reply_code=code, reply_text=text)


def _refuse(claimed: Submission, reply: Reply, **which: str) -> None:
    _pending(claimed).filter(**which).update(state=OutcomeState.REFUSED, **_answer(reply))


def _answer(reply: Reply) -> dict[str, Any]:
    return {
        "reply_code": reply.code or None,
        "enhanced_code": reply.enhanced,
        "reply_text": reply.text,
        "updated_at": timezone.now(),
    }


def _pending(claimed: Submission) -> QuerySet[Outcome]:
    return Outcome.objects.filter(submission=claimed, state=OutcomeState.PENDING)


def _update(claimed: Submission, **values: Any) -> None:
    Submission.objects.filter(pk=claimed.pk, attempts=claimed.attempts).update(
        lease_until=None, **values
    )


def _words(reply: Reply | None) -> tuple[int | None, str]:
    if reply is None:
        return None, ""
    return reply.code or None, " ".join(part for part in (reply.enhanced, reply.text) if part)
