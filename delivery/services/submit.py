"""Takes a finished message for sending, inside the caller's transaction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from delivery.models import Outcome, Submission, SubmissionBody, SubmissionState
from portal.nudge import after_commit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import Tenant
    from domains.models import Mailbox

_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # printable ASCII but < and >


def submit(
    *,
    tenant: Tenant,
    mailbox: Mailbox | None,
    mail_from: str,
    recipients: Sequence[str],
    mime: bytes,
    message_id: str,
    compose_id: UUID,
    subject: str,
    due_at: datetime | None = None,
) -> Submission:
    """Store the message, its envelope and one row per recipient; nothing is sent here.

    Repeating a `compose_id` of the same mailbox returns the row of the first time, unchanged.
    With a `due_at` in the future the row is held until then. Raises ValueError for what no form
    lets through: no recipient, line ends other than CRLF, NUL, addresses outside ASCII.
    """
    _check(mail_from, recipients, mime)
    now = timezone.now()
    try:
        with transaction.atomic():
            submission = Submission.objects.create(
                tenant=tenant,
                mailbox=mailbox,
                compose_id=compose_id,
                message_id=message_id,
                mail_from=mail_from,
                subject=subject[:998],
                size_bytes=len(mime),
                state=SubmissionState.HELD if due_at and due_at > now else SubmissionState.QUEUED,
                due_at=due_at or now,
            )
    except IntegrityError:
        if mailbox is None:
            raise
        return Submission.objects.get(mailbox=mailbox, compose_id=compose_id)
    SubmissionBody.objects.create(submission=submission, mime=mime)
    Outcome.objects.bulk_create(
        Outcome(submission=submission, recipient=address) for address in dict.fromkeys(recipients)
    )
    if submission.state == SubmissionState.QUEUED:  # the sweeper sees to what is held
        after_commit("delivery.deliver")
    return submission


def _check(mail_from: str, recipients: Sequence[str], mime: bytes) -> None:
    if not recipients:
        raise ValueError("no recipient")
    for address in (*recipients, *([mail_from] if mail_from else [])):
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"not an address: {address!r}")
    if _STRAY.search(mime):
        raise ValueError("the message holds a stray CR, LF or NUL")
