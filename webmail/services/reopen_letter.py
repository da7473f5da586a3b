"""Opens a letter again: a draft of ours or of another program, one that failed or was taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4, uuid5

from delivery.models import Submission, SubmissionBody
from portal.config import stack
from webmail.errors import FilesTooLarge, MessageGone, TooManyFiles
from webmail.imap import messages, pool
from webmail.imap.folders import special_folder
from webmail.message.compose import file_name
from webmail.message.html import is_too_complex, sanitise
from webmail.message.reopen import reopen
from webmail.message.writing import (
    Answers,
    Writing,
    compose_id_of,
    message_id,
    next_compose_id,
    unpacked,
)
from webmail.models import ComposeUpload, SentCopy
from webmail.selectors.uploads import uploads_of
from webmail.services.add_upload import add_upload
from webmail.services.follow_sent_copy import own_copy
from webmail.services.save_draft import found_drafts
from webmail.services.start_letter import Started, own_addresses, upload_url

if TYPE_CHECKING:
    from webmail.identity import MailIdentity, MessageRef
    from webmail.imap.session import Session
    from webmail.message.compose import Attachment
    from webmail.message.headers import Headers


def reopen_draft(identity: MailIdentity, ref: MessageRef) -> Started:
    """Return the letter of a draft. Raises FolderGone, StaleReference, MessageGone."""
    with pool.borrow(identity) as session:
        messages.open_folder(session, ref.folder, ref.uid_validity)
        mime = _source(session, ref.uid)
    return _started(identity, mime)


def find_draft(identity: MailIdentity, compose_id: UUID) -> Started | None:
    """Return the newest draft of this composer, None when none was saved."""
    with pool.borrow(identity) as session:
        messages.open_folder(session, special_folder(session, "drafts"))
        uids = found_drafts(session, [message_id(compose_id, identity.address)])
        if not uids:
            return None
        mime = _source(session, max(uids))
    return _started(identity, mime)


def write_on(identity: MailIdentity, submission: Submission) -> Started:
    """Return a failed or cancelled letter ready to be written on, as a letter of its own.

    A draft of it that was saved since then wins. Raises MessageGone once the body was purged.
    """
    again = next_compose_id(submission.compose_id)
    if Submission.objects.filter(mailbox=identity.mailbox_id, compose_id=again).exists():
        again = uuid4()
    elif (saved := find_draft(identity, again)) is not None:
        return saved
    body = SubmissionBody.objects.filter(submission=submission).first()
    if body is None:
        raise MessageGone(detail="body purged")
    started = _started(identity, own_copy(submission, bytes(body.mime)), compose_id=again)
    return replace(started, writing=replace(started.writing, answers=_answers(submission)))


def _answers(submission: Submission) -> Answers | None:
    copy = SentCopy.objects.filter(submission=submission, answered_uid__gt=0).first()
    if copy is None:
        return None
    return Answers(
        copy.answered_folder, copy.answered_uid_validity, copy.answered_uid, copy.is_forward
    )


def _source(session: Session, uid: int) -> bytes:
    return messages.fetch_source(session, uid, stack().max_message_bytes * 3 // 2)


def _started(identity: MailIdentity, mime: bytes, *, compose_id: UUID | None = None) -> Started:
    opened = reopen(mime)
    headers = opened.headers
    own_id = headers.message_id()
    if compose_id is None:
        compose_id = _continued(identity, own_id)
    urls, left_out = _uploaded(identity, compose_id, opened.attachments)
    html = opened.html
    if html and not is_too_complex(html):
        html = str(sanitise(html, resolve_cid=urls.get, in_composer=True).markup)
    else:
        html = ""
    is_ours = compose_id_of(own_id, identity.address) is not None
    writing = unpacked(
        headers,
        Writing(
            compose_id=compose_id,
            sender=_sender(identity, headers),
            subject=headers.text("subject"),
            text=opened.text,
            html=html,
            in_reply_to=next(iter(headers.message_ids("In-Reply-To")), ""),
            references=tuple(headers.message_ids("References")),
            replaces="" if is_ours else own_id,
        ),
    )
    return Started(writing, left_out)


def _continued(identity: MailIdentity, own_id: str) -> UUID:
    """Return the composer's id a draft of ours carries, a new one for other drafts and sent letters."""
    found = compose_id_of(own_id, identity.address)
    if found is None:
        return uuid4()
    used = Submission.objects.filter(mailbox=identity.mailbox_id, compose_id=found)
    return uuid4() if used.exists() else found


def _sender(identity: MailIdentity, headers: Headers) -> str:
    named = {person.email.lower() for person in headers.addresses("From")}
    own = own_addresses(identity)
    return next((address for address in own if address.lower() in named), own[0])


def _uploaded(
    identity: MailIdentity, compose_id: UUID, files: tuple[Attachment, ...]
) -> tuple[dict[str, str], int]:
    """Put the files of a letter beside its composer again; return addresses of pictures by cid.

    What still lies there from writing it is used; the keys of the rest follow from the letter,
    so that opening it twice stores nothing twice.
    """
    known = {
        (row.file_name, row.size_bytes): row for row in uploads_of(identity.mailbox_id, compose_id)
    }
    urls: dict[str, str] = {}
    left_out = 0
    for index, file in enumerate(files):
        row = known.get((file_name(file.file_name), len(file.content)))
        if row is None:
            try:
                row = _upload(identity, compose_id, index, file)
            except (FilesTooLarge, TooManyFiles):
                left_out += 1
                continue
        if file.content_id:
            urls[file.content_id] = upload_url(identity.mailbox_id, row.key)
    return urls, left_out


def _upload(
    identity: MailIdentity, compose_id: UUID, index: int, file: Attachment
) -> ComposeUpload:
    return add_upload(
        identity,
        compose_id=compose_id,
        key=uuid5(compose_id, f"{index}:{file.file_name}:{len(file.content)}"),
        name=file.file_name,
        content_type=file.content_type,
        size_bytes=len(file.content),
        chunks=[file.content],
        is_inline=bool(file.content_id),
    )
