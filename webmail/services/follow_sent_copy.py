"""Does in the sender's mailbox what follows a submission: the copy in Sent, marks, the draft."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from delivery.models import Outcome, Submission, SubmissionBody, SubmissionState
from domains.models import Mailbox
from webmail.errors import FolderGone, MailUnavailable, StaleReference, WebmailError
from webmail.identity import MailIdentity
from webmail.imap import pool
from webmail.imap.folders import special_folder
from webmail.imap.messages import add_flags, append, open_folder
from webmail.imap.search import find_message_id
from webmail.imap.types import ANSWERED, DRAFT, FORWARDED, SEEN
from webmail.message.address import Address
from webmail.message.compose import with_bcc, with_message_id
from webmail.message.headers import parse_headers
from webmail.message.writing import message_id, next_compose_id
from webmail.models import SentCopy, SentCopyState
from webmail.services.remove_upload import remove_uploads
from webmail.services.save_draft import found_drafts, remove_drafts

if TYPE_CHECKING:
    from webmail.imap.session import Session

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)  # longer than the IMAP commands of one copy may take together
SLOWEST = timedelta(minutes=10)
ENDED = (SubmissionState.SENT, SubmissionState.FAILED, SubmissionState.CANCELLED)
OPEN = (SentCopyState.WAITING, SentCopyState.APPENDED)


def claim_sent_copy() -> SentCopy | None:
    """Take one row whose submission has ended; None when nothing is to be done.

    The claim is a push of `due_at` and one attempt more, committed before IMAP is asked.
    """
    now = timezone.now()
    with transaction.atomic():
        row = (
            SentCopy.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state__in=OPEN, due_at__lte=now, submission__state__in=ENDED)
            .order_by("due_at")
            .first()
        )
        if row is None:
            return None
        SentCopy.objects.filter(pk=row.pk).update(due_at=now + LEASE, attempts=F("attempts") + 1)
    return SentCopy.objects.select_related("submission", "mailbox__address").get(pk=row.pk)


def follow_sent_copy(row: SentCopy) -> None:
    """Carry one claimed row on. Each step is recorded; repeating one adds nothing."""
    try:
        with pool.borrow(_identity(row.mailbox)) as session:
            if row.submission.state == SubmissionState.SENT:
                _copy_and_mark(session, row)
            else:
                _return(session, row)
    except WebmailError as exc:
        _later(row, exc)
        return
    remove_uploads(row.mailbox_id, row.submission.compose_id)


def _copy_and_mark(session: Session, row: SentCopy) -> None:
    if row.state == SentCopyState.WAITING:
        mime = _mime(row.submission)
        sent = special_folder(session, "sent")
        open_folder(session, sent)
        if mime is not None and not find_message_id(session, row.submission.message_id):
            append(session, sent, mime, [SEEN], received_at=row.submission.created_at)
        _to(row, SentCopyState.APPENDED)
    _mark(session, row)
    _remove_drafts(session, row)
    _to(row, SentCopyState.DONE)


def _mark(session: Session, row: SentCopy) -> None:
    """Set the mark on the letter that was answered, where it still is."""
    if not row.answered_uid:
        return
    try:
        open_folder(session, row.answered_folder, row.answered_uid_validity)
    except (FolderGone, StaleReference):
        return
    add_flags(session, [row.answered_uid], [FORWARDED if row.is_forward else ANSWERED])


def _return(session: Session, row: SentCopy) -> None:
    """Put a letter that failed or was taken back into Drafts, ready to be written on."""
    submission = row.submission
    again = next_compose_id(submission.compose_id)
    address = row.mailbox.address.email
    drafts = special_folder(session, "drafts")
    open_folder(session, drafts)
    mime = _mime(submission)
    was_sent_again = Submission.objects.filter(mailbox=row.mailbox_id, compose_id=again).exists()
    own_id = message_id(again, address)
    if mime is not None and not was_sent_again and not found_drafts(session, [own_id]):
        append(session, drafts, with_message_id(mime, own_id), [DRAFT, SEEN])
    _remove_drafts(session, row)
    _to(row, SentCopyState.RETURNED)


def _remove_drafts(session: Session, row: SentCopy) -> None:
    open_folder(session, special_folder(session, "drafts"))
    remove_drafts(session, [row.submission.message_id.strip("<>"), row.draft_message_id])


def _mime(submission: Submission) -> bytes | None:
    """Return the message as its sender keeps it, Bcc included; None once it was purged."""
    body = SubmissionBody.objects.filter(submission=submission).first()
    return None if body is None else own_copy(submission, bytes(body.mime))


def own_copy(submission: Submission, mime: bytes) -> bytes:
    """Return the message with its Bcc field, which never left, put back."""
    headers = parse_headers(mime)
    named = {p.email.lower() for name in ("To", "Cc") for p in headers.addresses(name)}
    everybody = Outcome.objects.filter(submission=submission).order_by("id")
    hidden = [
        Address("", email)
        for email in everybody.values_list("recipient", flat=True)
        if email.lower() not in named
    ]
    return with_bcc(mime, tuple(hidden))


def _identity(mailbox: Mailbox) -> MailIdentity:
    return MailIdentity(
        mailbox.pk, mailbox.address.email, mailbox.name, mailbox.tenant_id, mailbox.owner_id or 0
    )


def _to(row: SentCopy, state: SentCopyState) -> None:
    """Record a step, unless somebody else has taken the row over meanwhile."""
    if SentCopy.objects.filter(pk=row.pk, attempts=row.attempts).update(state=state):
        row.state = state


def _later(row: SentCopy, exc: WebmailError) -> None:
    pause = min(timedelta(seconds=2 ** min(row.attempts, 10)), SLOWEST)
    SentCopy.objects.filter(pk=row.pk, attempts=row.attempts).update(due_at=timezone.now() + pause)
    level = logging.INFO if isinstance(exc, MailUnavailable) else logging.WARNING
    logger.log(
        level,
        "sent copy waits",
        extra={"submission": row.pk, "attempt": row.attempts, "reason": exc.code},
    )
