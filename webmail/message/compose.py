"""Builds the MIME of a letter (RFC 5322, 2045–2047, 2231, 3676). Pure: bytes out, CRLF lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from webmail.message import fields
from webmail.message.flowed import clean_text, to_flowed
from webmail.message.structure import safe_file_name

if TYPE_CHECKING:
    from datetime import datetime

    from webmail.message.address import Address

MAX_REFERENCES = 50
_POLICY = SMTP.clone(cte_type="7bit")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}\Z")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a letter. `content_id` (without brackets) is set for pictures inside the text."""

    file_name: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person wrote. `html` is empty for plain text; `text` is its plain twin otherwise.

    Message-IDs are without angle brackets.
    """

    sender: Address
    written_by: Address | None = None  # who wrote, where that is not the sender (RFC 5322, 3.6.2)
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)  # of drafts: fields of our own, ASCII

    @property
    def recipients(self) -> tuple[Address, ...]:
        """Everybody it goes to, each address once."""
        seen = {person.email.lower(): person for person in (*self.to, *self.cc, *self.bcc)}
        return tuple(seen.values())


def build(letter: Letter, *, message_id: str, date: datetime, is_draft: bool = False) -> bytes:
    """Return the message. Bcc is written into drafts only. Raises fields.UnsafeField.

    `message_id` is without angle brackets.
    """
    head = [
        fields.plain("Date", format_datetime(date)),
        fields.addresses("From", [letter.sender]),
        *([fields.addresses("Sender", [letter.written_by])] if letter.written_by else []),
        *_recipients(letter, is_draft=is_draft),
        fields.unstructured("Subject", letter.subject),
        fields.message_ids("Message-ID", [message_id]),
    ]
    if letter.in_reply_to:
        head.append(fields.message_ids("In-Reply-To", [letter.in_reply_to]))
    if letter.references:
        head.append(fields.message_ids("References", _few(letter.references)))
    if is_draft:
        head += [fields.pieces(name, value) for name, value in letter.extra.items()]
    return "".join(head).encode("ascii") + _body(letter)


def with_bcc(mime: bytes, people: tuple[Address, ...]) -> bytes:
    """Return a message of `build` with a Bcc field, for the sender's own folders only."""
    return fields.addresses("Bcc", people).encode("ascii") + mime if people else mime


def with_message_id(mime: bytes, message_id: str) -> bytes:
    """Return a message of `build` under another Message-ID (no brackets)."""
    head, blank, body = mime.partition(b"\r\n\r\n")
    line = fields.message_ids("Message-ID", [message_id]).encode("ascii").rstrip(b"\r\n")
    return re.sub(rb"(?mi)^Message-ID:[^\r]*", lambda _: line, head, count=1) + blank + body


def encoded_size(size_bytes: int) -> int:
    """Return how many bytes a file takes in a message: base64 in lines of 76 letters."""
    return -(-size_bytes // 57) * 78


def room_for_files(max_message_bytes: int) -> int:
    """Return how many bytes of files fit into a message of that size, text and headers aside."""
    return max(0, max_message_bytes - 256 * 1024) * 57 // 78


def _recipients(letter: Letter, *, is_draft: bool) -> list[str]:
    found = [
        fields.addresses(name, people)
        for name, people in (("To", letter.to), ("Cc", letter.cc))
        if people
    ]
    if is_draft and letter.bcc:
        found.append(fields.addresses("Bcc", letter.bcc))
    if not found and not is_draft:
        found.append("To: undisclosed-recipients:;\r\n")
    return found


def _few(references: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the first, which starts the thread, and the newest."""
    if len(references) <= MAX_REFERENCES:
        return references
    return (references[0], *references[-(MAX_REFERENCES - 1) :])


def _body(letter: Letter) -> bytes:
    message = EmailMessage(policy=_POLICY)
    message.set_content(to_flowed(letter.text), params={"format": "flowed"})
    if letter.html:
        message.add_alternative(clean_text(_document(letter.html)), subtype="html")
        for picture in letter.attachments:
            if picture.content_id:
                _add_picture(message, picture)
    for file in letter.attachments:
        if not (letter.html and file.content_id):
            maintype, subtype = media_type(file.content_type)
            message.add_attachment(
                file.content, maintype=maintype, subtype=subtype, filename=file_name(file.file_name)
            )
    return message.as_bytes()


def _add_picture(message: EmailMessage, picture: Attachment) -> None:
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)  # noqa: S101  # it was added just before
    maintype, subtype = media_type(picture.content_type)
    html.add_related(
        picture.content,
        maintype=maintype,
        subtype=subtype,
        cid=f"<{picture.content_id}>",
        filename=file_name(picture.file_name),
        disposition="inline",
    )


def _document(html: str) -> str:
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>\n<body>\n'
        f"{html}\n</body></html>\n"
    )


def media_type(given: str) -> tuple[str, str]:
    """Return type and subtype of a file; what is odd, or would be a message itself, is octets."""
    lowered = given.partition(";")[0].strip().lower()
    if not _MEDIA_TYPE.match(lowered) or lowered.startswith(("multipart/", "message/")):
        return "application", "octet-stream"
    maintype, _, subtype = lowered.partition("/")
    return maintype, subtype


def file_name(given: str) -> str:
    """Return a file's name without path, controls and tricks of direction; never empty."""
    return safe_file_name(given).strip(" .") or "file"
