"""Keeps a letter that is being written in the Drafts folder: the newest copy stays, older ones go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from delivery.models import Submission
from webmail.errors import AlreadySent
from webmail.imap import pool
from webmail.imap.folders import special_folder
from webmail.imap.messages import append, expunge, move, open_folder
from webmail.imap.search import find_message_id
from webmail.imap.types import DRAFT, SEEN
from webmail.message.address import Address
from webmail.message.compose import build
from webmail.message.writing import draft_letter, message_id
from webmail.selectors.senders import senders_of
from webmail.services.add_upload import touch_uploads
from webmail.services.gather_letter import attachments, washed
from webmail.services.remove_upload import remove_uploads

if TYPE_CHECKING:
    from datetime import datetime

    from webmail.identity import MailIdentity
    from webmail.imap.session import Session
    from webmail.message.writing import Writing


def save_draft(identity: MailIdentity, *, writing: Writing) -> datetime:
    """Store the letter as it stands and return when. Unfinished recipients are kept too.

    Raises AlreadySent, so that a late save never brings a sent letter back; FileMissing before
    anything is replaced; MailboxFull, MailUnavailable.
    """
    if Submission.objects.filter(
        mailbox=identity.mailbox_id, compose_id=writing.compose_id
    ).exists():
        raise AlreadySent
    ready = washed(identity, writing)
    files = attachments(identity, ready)
    sender = _sender(identity, writing)
    now = timezone.now()
    own_id = message_id(ready.compose_id, identity.address)
    mime = build(
        draft_letter(ready, sender, files),
        message_id=own_id,
        date=timezone.localtime(now),
        is_draft=True,
    )
    with pool.borrow(identity) as session:
        drafts = special_folder(session, "drafts")
        stored = append(session, drafts, mime, [DRAFT, SEEN])
        open_folder(session, drafts)
        if stored.uid:
            remove_drafts(session, [own_id, ready.replaces], before=stored.uid)
    touch_uploads(identity, ready.compose_id)
    return now


def discard_draft(identity: MailIdentity, *, writing: Writing) -> None:
    """Move the stored draft to the bin and forget the files of its composer."""
    own_id = message_id(writing.compose_id, identity.address)
    with pool.borrow(identity) as session:
        drafts, bin_path = special_folder(session, "drafts"), special_folder(session, "trash")
        open_folder(session, drafts)
        move(session, found_drafts(session, [own_id, writing.replaces]), bin_path)
    remove_uploads(identity.mailbox_id, writing.compose_id)


def found_drafts(session: Session, ids: list[str]) -> list[int]:
    """Return the UIDs of the selected folder that carry one of these Message-IDs."""
    return [uid for one in ids if one for uid in find_message_id(session, f"<{one}>")]


def remove_drafts(session: Session, ids: list[str], *, before: int | None = None) -> None:
    """Delete drafts of the selected folder; with `before`, only those older than that UID.

    Two windows that save at once then never delete each other's copy: the newest stays.
    """
    uids = found_drafts(session, ids)
    expunge(session, [uid for uid in uids if before is None or uid < before])


def _sender(identity: MailIdentity, writing: Writing) -> Address:
    known = senders_of(identity)
    chosen = next((one for one in known if one.email == writing.sender), known[0])
    return Address(chosen.name, chosen.email)
