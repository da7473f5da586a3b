"""Sends a letter: one transaction that holds the message, its envelope and what follows it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from delivery.models import Submission
from delivery.selectors import may_send
from delivery.services.submit import submit
from domains.models import Mailbox
from portal.config import stack
from webmail.errors import (
    FilesTooLarge,
    NoRecipient,
    NotYourAddress,
    SendingStopped,
    TooManyRecipients,
)
from webmail.message.address import Address
from webmail.message.compose import Letter, build
from webmail.message.recipients import MAX_RECIPIENTS
from webmail.message.writing import message_id
from webmail.models import CollectedAddress, SentCopy
from webmail.selectors.senders import senders_of
from webmail.services.gather_letter import attachments, washed

if TYPE_CHECKING:
    from datetime import datetime

    from webmail.identity import MailIdentity
    from webmail.message.writing import Writing

UNDO = timedelta(seconds=10)


def send_message(
    identity: MailIdentity,
    *,
    writing: Writing,
    to: tuple[Address, ...],
    cc: tuple[Address, ...] = (),
    bcc: tuple[Address, ...] = (),
    hold: timedelta = UNDO,
) -> Submission:
    """Hand the letter over to the outbox, held for `hold`; a repeated click returns the first row.

    Raises NotYourAddress, SendingStopped, NoRecipient, TooManyRecipients, FilesTooLarge,
    FileMissing. Nothing is asked of IMAP or SMTP here.
    """
    mailbox = (
        Mailbox.objects.select_related("address__domain", "tenant", "owner")
        .filter(pk=identity.mailbox_id)
        .get()
    )
    chosen = next((one for one in senders_of(identity) if one.email == writing.sender), None)
    if chosen is None:
        raise NotYourAddress(field="sender", detail="sender is not an address of the mailbox")
    known = Submission.objects.filter(mailbox=mailbox, compose_id=writing.compose_id).first()
    if known is not None:
        return known
    if not may_send(mailbox):
        raise SendingStopped
    ready = washed(identity, writing)
    letter = Letter(
        sender=Address(chosen.name, chosen.email),
        written_by=_writer(identity) if chosen.behalf else None,
        to=to,
        cc=cc,
        bcc=bcc,
        subject=ready.subject,
        text=ready.text,
        html=ready.html,
        attachments=attachments(identity, ready),
        in_reply_to=ready.in_reply_to,
        references=ready.references,
    )
    if not letter.recipients:
        raise NoRecipient(field="to")
    if len(letter.recipients) > MAX_RECIPIENTS:
        raise TooManyRecipients(field="to")
    now = timezone.now()
    own_id = message_id(ready.compose_id, identity.address)
    mime = build(letter, message_id=own_id, date=_local(now, mailbox))
    if len(mime) > stack().max_message_bytes:
        raise FilesTooLarge(field="files")
    return _store(mailbox, ready, letter, mime, f"<{own_id}>", now + hold)


def _writer(identity: MailIdentity) -> Address:
    """Return who really wrote, where a letter goes out on behalf of another address."""
    if identity.is_shared:
        return Address(identity.member_name, identity.member)
    return Address(identity.name, identity.address)


@transaction.atomic
def _store(
    mailbox: Mailbox,
    writing: Writing,
    letter: Letter,
    mime: bytes,
    own_id: str,
    due_at: datetime,
) -> Submission:
    submission = submit(
        tenant=mailbox.tenant,
        mailbox=mailbox,
        mail_from=writing.sender,
        recipients=[person.email for person in letter.recipients],
        mime=mime,
        message_id=own_id,
        compose_id=writing.compose_id,
        subject=letter.subject,
        due_at=due_at,
    )
    answers = writing.answers
    SentCopy.objects.get_or_create(
        submission=submission,
        defaults={
            "mailbox": mailbox,
            "answered_folder": answers.folder if answers else "",
            "answered_uid_validity": answers.uid_validity if answers else 0,
            "answered_uid": answers.uid if answers else 0,
            "is_forward": bool(answers and answers.is_forward),
            "draft_message_id": writing.replaces,
            "due_at": timezone.now(),  # looked at as soon as the submission has ended
        },
    )
    _collect(mailbox, letter.recipients)
    return submission


def _collect(mailbox: Mailbox, people: tuple[Address, ...]) -> None:
    """Remember whom one writes to, for the recipient field."""
    now = timezone.now()
    emails = [person.email for person in people]
    CollectedAddress.objects.filter(mailbox=mailbox, email__in=emails).update(
        used_count=F("used_count") + 1, used_at=now
    )
    CollectedAddress.objects.bulk_create(
        [
            CollectedAddress(mailbox=mailbox, email=p.email, name=p.name[:200], used_at=now)
            for p in people
        ],
        ignore_conflicts=True,
    )


def _local(now: datetime, mailbox: Mailbox) -> datetime:
    """The Date field tells the sender's own clock."""
    owner_zone = mailbox.owner.timezone if mailbox.owner else ""
    return now.astimezone(
        ZoneInfo(owner_zone or mailbox.tenant.timezone or settings.DISPLAY_TIME_ZONE)
    )
