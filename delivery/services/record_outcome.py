"""Writes down what servers said about recipients, as the mail log tells it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from delivery.models import Outcome, OutcomeState, QueueIdSeen, Submission

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One `status=` line: the last word of a server about one recipient of a queue id."""

    queue_id: str
    recipient: str
    original_recipient: str  # as submitted, when an alias or forwarder changed it; else empty
    state: OutcomeState  # DELIVERED, DEFERRED or REFUSED
    at: datetime
    reply_code: int | None = None  # 250; None: Postfix's own words
    enhanced_code: str = ""  # "2.0.0"
    reply_text: str = ""
    relay: str = ""
    tls: bool | None = None  # None: not known


def record_queue_ids(*, pairs: Mapping[str, str], accepted: Iterable[str]) -> None:
    """Remember which queue id carries which of our messages, and which are accepted.

    `pairs` is queue id → Message-ID with angle brackets; those of foreign mail are dropped.
    `accepted` names queue ids that Postfix answers for: its queue manager or a complete file
    spoke of them. Repeating a call changes nothing.
    """
    ours = set(
        Submission.objects.filter(message_id__in=set(pairs.values())).values_list(
            "message_id", flat=True
        )
    )
    QueueIdSeen.objects.bulk_create(
        [QueueIdSeen(queue_id=q, message_id=m) for q, m in pairs.items() if m in ours],
        ignore_conflicts=True,
    )
    QueueIdSeen.objects.filter(queue_id__in=set(accepted), is_accepted=False).update(
        is_accepted=True
    )


def record_outcomes(*, reports: Sequence[DeliveryReport]) -> int:
    """Store each report at the recipient it belongs to; returns how many found one.

    A refusal stays the last word, because an address that stands for several may be refused at
    one and delivered at the next. Everything else is overwritten by what comes later.
    """
    submissions = _submissions_by_queue_id({report.queue_id for report in reports})
    found = 0
    with transaction.atomic():
        for report in reports:
            submission = submissions.get(report.queue_id)
            if submission is not None and _store(submission, report):
                found += 1
    return found


def record_expiries(*, queue_ids: Mapping[str, datetime]) -> int:
    """Refuse what was still deferred: Postfix gave up on these queue ids at that moment."""
    submissions = _submissions_by_queue_id(set(queue_ids))
    return sum(
        Outcome.objects.filter(submission=submission_id, state=OutcomeState.DEFERRED).update(
            state=OutcomeState.REFUSED, updated_at=queue_ids[queue_id]
        )
        for queue_id, submission_id in submissions.items()
    )


def _submissions_by_queue_id(queue_ids: set[str]) -> dict[str, int]:
    seen: defaultdict[str, list[str]] = defaultdict(list)
    for queue_id, message_id in QueueIdSeen.objects.filter(queue_id__in=queue_ids).values_list(
        "queue_id", "message_id"
    ):
        seen[message_id].append(queue_id)
    found = dict(Submission.objects.filter(queue_id__in=queue_ids).values_list("queue_id", "id"))
    for message_id, submission_id in Submission.objects.filter(message_id__in=seen).values_list(
        "message_id", "id"
    ):
        found |= dict.fromkeys(seen[message_id], submission_id)
    return found


def _store(submission_id: int, report: DeliveryReport) -> bool:
    recipient = report.original_recipient or report.recipient
    rows = Outcome.objects.filter(submission=submission_id, recipient__iexact=recipient)
    changed = rows.exclude(state=OutcomeState.REFUSED).update(
        state=report.state,
        reply_code=report.reply_code,
        enhanced_code=report.enhanced_code,
        reply_text=report.reply_text,
        relay=report.relay,
        tls=report.tls,
        updated_at=report.at,
    )
    return bool(changed)
