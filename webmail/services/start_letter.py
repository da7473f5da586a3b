"""Starts a letter: blank, from a mailto: link, or as the answer to a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote
from uuid import uuid4, uuid5

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.templatetags.ui import moment_in_full
from webmail.imap import messages, pool
from webmail.message import body as bodies
from webmail.message import reply
from webmail.message.address import Address, parse_addresses
from webmail.message.flowed import from_flowed
from webmail.message.html import is_too_complex, sanitise
from webmail.message.markup import CleanMarkup
from webmail.message.plaintext import to_plain
from webmail.message.reply import Mode
from webmail.message.writing import Answers, Writing, one_field, shown_all
from webmail.selectors.senders import senders_of
from webmail.services.add_upload import add_upload, room

if TYPE_CHECKING:
    from uuid import UUID

    from webmail.identity import MailIdentity, MessageRef
    from webmail.imap.session import Session
    from webmail.imap.types import MessageData
    from webmail.message.headers import Headers
    from webmail.message.structure import BodyPart

MAX_PICTURES = 20
MAX_PICTURE_BYTES = 3 * 1024 * 1024  # of one quoted picture; larger ones are left out


@dataclass(frozen=True, slots=True)
class Started:
    """A letter to begin with. `files_left_out`: files of the original that did not fit."""

    writing: Writing
    files_left_out: int = 0


def own_addresses(identity: MailIdentity) -> list[str]:
    """Return the addresses the mailbox may send from, its own first. Raises SendingNotGranted."""
    return [sender.email for sender in senders_of(identity)]


def blank_letter(identity: MailIdentity, *, mailto: str = "") -> Writing:
    """Return an empty letter, filled with what a mailto: link names (RFC 6068)."""
    address, _mark, query = mailto.removeprefix("mailto:").partition("?")
    fields = {name.lower(): value for name, value in parse_qsl(query[:8_000])[:20]}
    people = {name: parse_addresses(fields.get(name, "")) for name in ("cc", "bcc")}
    to = parse_addresses(", ".join(filter(None, [unquote(address[:4_000]), fields.get("to", "")])))
    text = fields.get("body", "").replace("\r\n", "\n")
    return Writing(
        compose_id=uuid4(),
        sender=identity.address,
        to=shown_all(to),
        cc=shown_all(people["cc"]),
        bcc=shown_all(people["bcc"]),
        subject=one_field(fields.get("subject", ""))[:900],
        text=text,
        html=str(reply.text_as_html(text)) if text else "",
    )


def start_answer(identity: MailIdentity, ref: MessageRef, mode: Mode) -> Started:
    """Return the answer to a message: recipients, subject, thread, quotation, files to pass on.

    Raises FolderGone, StaleReference, MessageGone.
    """
    own = own_addresses(identity)
    compose_id = uuid4()
    with pool.borrow(identity) as session:
        messages.open_folder(session, ref.folder, ref.uid_validity)
        data = messages.fetch_message(session, ref.uid)
        chosen = bodies.choose(data.structure)
        text = _text(session, ref, chosen)
        html = _html(session, identity, ref, chosen, compose_id)
        left_out = (
            _pass_on(session, identity, ref, chosen.files, compose_id)
            if mode is Mode.FORWARD
            else 0
        )
    if html is not None and not text:
        text = to_plain(html)
    headers = data.headers
    people = reply.recipients(headers, {address.lower() for address in own}, mode)
    parent, references = reply.thread(headers)
    quoted_text, quoted_html = _quotation(data, mode, text, html)
    writing = Writing(
        compose_id=compose_id,
        sender=reply.answering_address(headers, own) or own[0],
        to=shown_all(people.to),
        cc=shown_all(people.cc),
        subject=reply.subject(headers.text("subject"), mode),
        text=quoted_text,
        html=str(quoted_html),
        in_reply_to="" if mode is Mode.FORWARD else parent,
        references=references,
        answers=Answers(ref.folder, ref.uid_validity, ref.uid, mode is Mode.FORWARD),
    )
    return Started(writing, left_out)


def _quotation(
    data: MessageData, mode: Mode, text: str, html: CleanMarkup | None
) -> tuple[str, CleanMarkup]:
    markup = html if html is not None else reply.text_as_html(text)
    headers = data.headers
    if mode is Mode.FORWARD:
        title, facts = _("Forwarded message"), _facts(headers)
        return reply.forward_text(text, title, facts), reply.forward_html(markup, title, facts)
    sender = next(iter(headers.addresses("from")), Address("", ""))
    sent_at = timezone.localtime(headers.sent_at() or data.received_at)
    attribution = _("On %(date)s at %(time)s, %(name)s wrote:") % {
        "date": date_format(sent_at, _("j M Y")),
        "time": date_format(sent_at, "H:i"),
        "name": str(sender),
    }
    return reply.quote_text(text, attribution), reply.quote_html(markup, attribution)


def _facts(headers: Headers) -> list[tuple[str, str]]:
    sent_at = headers.sent_at()
    return [
        (_("From"), ", ".join(map(str, headers.addresses("from")))),
        (_("Date"), moment_in_full(sent_at)),
        (_("Subject"), headers.text("subject")),
        (_("To"), ", ".join(map(str, headers.addresses("to")))[:2_000]),
        (_("Cc"), ", ".join(map(str, headers.addresses("cc")))[:2_000]),
    ]


def _text(session: Session, ref: MessageRef, chosen: bodies.Bodies) -> str:
    texts = []
    for part in chosen.text:
        if part.media_type == "text/plain":
            text = _decoded(session, ref, part, bodies.MAX_TEXT_OCTETS)
            flowed = part.params.get("format", "").lower() == "flowed"
            texts.append(from_flowed(text) if flowed else text)
    return "\n".join(texts)


def _html(
    session: Session,
    identity: MailIdentity,
    ref: MessageRef,
    chosen: bodies.Bodies,
    compose_id: UUID,
) -> CleanMarkup | None:
    """Return the washed HTML for quoting; None for plain text and what is too complex to wash."""
    if not chosen.html:
        return None
    pictures = {part.content_id: part for part in chosen.inline[:MAX_PICTURES]}
    washed = []
    for part in chosen.html:
        markup = _decoded(session, ref, part, bodies.MAX_HTML_OCTETS)
        if part.media_type == "text/plain":
            washed.append(reply.text_as_html(markup))
            continue
        if is_too_complex(markup):
            return None
        used = {
            content_id: _picture(session, identity, ref, picture, compose_id)
            for content_id, picture in pictures.items()
            if f"cid:{content_id}" in markup
        }
        washed.append(sanitise(markup, resolve_cid=used.get, in_composer=True).markup)
    return CleanMarkup("".join(washed))


def _picture(
    session: Session, identity: MailIdentity, ref: MessageRef, part: BodyPart, compose_id: UUID
) -> str | None:
    if part.decoded_size_bytes > MAX_PICTURE_BYTES:
        return None
    key = _copy(session, identity, ref, part, compose_id, is_inline=True)
    return upload_url(identity.mailbox_id, key)


def _pass_on(
    session: Session,
    identity: MailIdentity,
    ref: MessageRef,
    files: tuple[BodyPart, ...],
    compose_id: UUID,
) -> int:
    """Copy the files of a message into the letter; return how many did not fit."""
    left, left_out = room(), 0
    for part in files[:100]:
        if part.decoded_size_bytes > left:
            left_out += 1
            continue
        left -= part.decoded_size_bytes
        _copy(session, identity, ref, part, compose_id, is_inline=False)
    return left_out + max(0, len(files) - 100)


def _copy(
    session: Session,
    identity: MailIdentity,
    ref: MessageRef,
    part: BodyPart,
    compose_id: UUID,
    *,
    is_inline: bool,
) -> UUID:
    octets = messages.fetch_part(session, ref.uid, part.part_number, part.size_bytes + 4096)
    content = bodies.decode_transfer(octets, part.encoding)
    name = part.file_name or (f"{part.subject}.eml" if part.subject else "")
    return add_upload(
        identity,
        compose_id=compose_id,
        key=uuid5(compose_id, part.part_number),
        name=name,
        content_type=part.media_type,
        size_bytes=len(content),
        chunks=[content],
        is_inline=is_inline,
    ).key


def _decoded(session: Session, ref: MessageRef, part: BodyPart, limit: int) -> str:
    octets = messages.fetch_part(session, ref.uid, part.part_number, limit * 3 // 2)
    return bodies.decode_text(bodies.decode_transfer(octets, part.encoding), part.charset)


def upload_url(mailbox_id: int, key: UUID) -> str:
    """Return the address of a file of a composer."""
    return reverse("webmail:upload", args=[mailbox_id, key])
