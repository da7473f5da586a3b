"""One message as the reader shows it, and the framed document of its HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from portal.config import stack
from webmail.imap import messages
from webmail.imap.pool import borrow
from webmail.imap.types import ANSWERED, DRAFT, FLAGGED, FORWARDED, SEEN, MessageData
from webmail.message import body as bodies
from webmail.message import html as washing
from webmail.message.address import Address, to_text
from webmail.message.auth import Authentication, read_authentication
from webmail.message.html import CleanHtml
from webmail.message.markup import CleanMarkup
from webmail.message.signals import LinkMismatch, misleading_links
from webmail.message.structure import safe_file_name
from webmail.message.text import TextHtml, text_to_html
from webmail.selectors.image_links import image_link
from webmail.selectors.recent import Recent
from webmail.selectors.warnings import Caution, warnings_about

if TYPE_CHECKING:
    from webmail.identity import MailIdentity, MessageRef
    from webmail.imap.session import Session
    from webmail.message.headers import Headers
    from webmail.message.structure import BodyPart

MAX_PEOPLE = 100
_UNSUBSCRIBE = re.compile(r"<((?:https://|mailto:)[^<>\s]{3,2000})>")
_KINDS = {
    "pdf": 0, "doc": 4, "docx": 4, "odt": 4, "rtf": 4, "xls": 3, "xlsx": 3, "ods": 3, "csv": 3,
    "ppt": 0, "pptx": 0, "odp": 0, "jpg": 6, "jpeg": 6, "png": 6, "gif": 6, "webp": 6, "heic": 6,
    "zip": 1, "7z": 1, "rar": 1, "gz": 1, "txt": 7, "eml": 5, "ics": 2, "vcf": 2, "mp3": 7, "mp4": 7,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message as a chip."""

    name: str
    kind: str  # up to four letters
    hue: int
    size_bytes: int
    url: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A message ready to be read. `text` is set for plain messages, `frame_url` for HTML."""

    ref: MessageRef
    url: str
    position: int  # counted from 1, newest first
    subject: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    people_left_out: int
    to_names: str
    sent_at: datetime | None
    received_at: datetime
    size_bytes: int
    is_unread: bool
    is_starred: bool
    is_answered: bool
    is_forwarded: bool
    is_draft: bool
    is_list_mail: bool
    unsubscribe_url: str
    authentication: Authentication
    warnings: tuple[Caution, ...]
    link_mismatches: tuple[LinkMismatch, ...]
    text: tuple[TextHtml, ...]
    has_html: bool
    frame_url: str
    dark_frame_url: str
    follows_theme: bool  # the sender chose no colours
    remote_images: int
    trackers: int
    removed: frozenset[str]
    is_simplified: bool  # HTML too large or too deep: shown as text
    is_encrypted: bool
    attachments: tuple[Attachment, ...]
    files_left_out: int
    files_bytes: int

    @property
    def shows_images(self) -> int:
        """Remote images that can be shown: all but the invisible ones."""
        return self.remote_images - self.trackers

    @property
    def warning(self) -> Caution | None:
        """The most severe warning; one banner is shown at a time."""
        return self.warnings[0] if self.warnings else None


@dataclass(frozen=True, slots=True)
class _Washed:
    parts: tuple[CleanHtml, ...]
    title: str
    is_simplified: bool


_MAX_KEPT_CHARACTERS = 400_000
# The bodies washed last, so that the reader and its frame wash once
_RECENT: Recent[_Washed] = Recent(48)


def load_reader(
    session: Session, identity: MailIdentity, ref: MessageRef, *, plain: bool = False
) -> Reader:
    """Return a message of the selected folder. `plain` prefers text to HTML. Raises MessageGone.

    Structure first, then only the parts that are shown.
    """
    data = messages.fetch_message(session, ref.uid)
    chosen = bodies.choose(data.structure)
    headers = data.headers
    sender = next(iter(headers.addresses("from")), None) or _nobody()
    washed: _Washed | None = None
    if chosen.html:
        washed = _washed(session, identity, ref, data, chosen, show_images=False, dark=False)
        if washed.is_simplified or (plain and not chosen.text):
            plain = True
    has_html = bool(chosen.html) and not (washed and washed.is_simplified)
    shows_html = has_html and not plain
    text = () if shows_html else _texts(session, ref, chosen)
    authentication = read_authentication(headers, stack().mail_hostname, sender.domain)
    mismatches = (
        tuple(m for part in washed.parts for m in misleading_links(part.markup)) if washed else ()
    )
    is_list_mail = "list-id" in headers or "list-unsubscribe" in headers
    to, cc, bcc = (headers.addresses(name) for name in ("to", "cc", "bcc"))
    reply_to = headers.addresses("reply-to")
    files = tuple(_attachment(ref, part, index) for index, part in enumerate(chosen.files, 1))
    url = message_url(ref)
    return Reader(
        ref=ref,
        url=url,
        position=0,
        subject=headers.text("subject") or _("(no subject)"),
        sender=sender,
        to=to[:MAX_PEOPLE],
        cc=cc[:MAX_PEOPLE],
        bcc=bcc[:MAX_PEOPLE],
        reply_to=reply_to[:5],
        people_left_out=sum(max(0, len(people) - MAX_PEOPLE) for people in (to, cc, bcc)),
        to_names=_to_names(identity, to, cc),
        sent_at=headers.sent_at(),
        received_at=data.received_at,
        size_bytes=data.size_bytes,
        is_unread=SEEN not in data.flags,
        is_starred=FLAGGED in data.flags,
        is_answered=ANSWERED in data.flags,
        is_forwarded=FORWARDED in data.flags,
        is_draft=DRAFT in data.flags,
        is_list_mail=is_list_mail,
        unsubscribe_url=_unsubscribe(identity, headers),
        authentication=authentication,
        warnings=warnings_about(
            identity,
            sender,
            reply_to=() if is_list_mail else reply_to,
            authentication=authentication,
            mismatches=mismatches,
        ),
        link_mismatches=mismatches,
        text=text,
        has_html=has_html,
        frame_url=f"{url}body/?v={washing.VERSION}" if shows_html else "",
        dark_frame_url=f"{url}body/?v={washing.VERSION}&dark=1" if shows_html else "",
        follows_theme=washed is not None and not any(part.has_colours for part in washed.parts),
        remote_images=sum(part.remote_images for part in washed.parts) if washed else 0,
        trackers=sum(part.trackers for part in washed.parts) if washed else 0,
        removed=frozenset().union(*(part.removed for part in washed.parts))
        if washed
        else frozenset(),
        is_simplified=bool(washed and washed.is_simplified),
        is_encrypted=data.structure.media_type == "multipart/encrypted",
        attachments=files,
        files_left_out=chosen.files_left_out,
        files_bytes=sum(file.size_bytes for file in files),
    )


def with_position(reader: Reader, position: int) -> Reader:
    """Return the reader knowing its place in the list."""
    return replace(reader, position=position)


def removed_text(reader: Reader | None) -> str:
    """Return what was taken out of the HTML, in words; empty when nothing was."""
    if reader is None or not reader.removed:
        return ""
    names = {
        "scripts": _("scripts"),
        "forms": _("forms"),
        "fonts": _("fonts"),
        "embedded": _("embedded content"),
    }
    return _("Taken out: %(what)s") % {
        "what": ", ".join(names[key] for key in names if key in reader.removed)
    }


def framed_document(
    identity: MailIdentity, ref: MessageRef, *, show_images: bool, dark: bool, language: str
) -> CleanMarkup:
    """Return the document of a message's HTML for its frame. Raises MessageGone.

    A message without HTML, or one too complex to wash, gives its text.
    """
    with borrow(identity) as session:
        messages.open_folder(session, ref.folder, ref.uid_validity)
        data = messages.fetch_message(session, ref.uid)
        chosen = bodies.choose(data.structure)
        washed = _washed(session, identity, ref, data, chosen, show_images=show_images, dark=dark)
        parts = list(washed.parts)
        if not parts:
            parts = [_as_part(text) for text in _texts(session, ref, chosen)]
    return washing.document(washed.title, parts, language=language, dark=dark)


def message_url(ref: MessageRef) -> str:
    """Return the address of a message's page."""
    return reverse(
        "webmail:message", args=[ref.mailbox_id, ref.folder_id, ref.uid_validity, ref.uid]
    )


def _washed(
    session: Session,
    identity: MailIdentity,
    ref: MessageRef,
    data: MessageData,
    chosen: bodies.Bodies,
    *,
    show_images: bool,
    dark: bool,
) -> _Washed:
    key = (identity.mailbox_id, ref, show_images, dark)
    known = _RECENT.get(key)
    if known is not None:
        return known
    title = data.headers.text("subject") or _("Message")
    inline = {part.content_id: part for part in (*chosen.inline, *chosen.files) if part.content_id}
    url = message_url(ref)

    def resolve_cid(content_id: str) -> str | None:
        part = inline.get(content_id)
        return f"{url}inline/{part.part_number}/" if part else None

    def resolve_image(address: str) -> str | None:
        return image_link(identity, ref, address) if show_images else None

    washed: list[CleanHtml] = []
    for part in chosen.html:
        octets = messages.fetch_part(
            session, ref.uid, part.part_number, bodies.MAX_HTML_OCTETS * 3 // 2
        )
        text = bodies.decode_text(bodies.decode_transfer(octets, part.encoding), part.charset)
        if part.media_type == "text/plain":
            washed.append(_as_part(_text_part(text, part)))
        elif washing.is_too_complex(text):
            return _Washed((), title, is_simplified=True)
        else:
            washed.append(
                washing.sanitise(
                    text,
                    resolve_cid=resolve_cid,
                    resolve_image=resolve_image,
                    resolve_mailto=lambda address: compose_url(identity, address),
                    dark=dark,
                )
            )
    result = _Washed(tuple(washed), title, is_simplified=False)
    if sum(len(p.markup) + len(p.sheet) for p in result.parts) <= _MAX_KEPT_CHARACTERS:
        _RECENT.put(key, result)
    return result


def _as_part(text: TextHtml) -> CleanHtml:
    markup = CleanMarkup(f'<div class="plain">{text.shown}{text.quoted}</div>')
    return CleanHtml(markup, "", 0, 0, frozenset())


def _texts(session: Session, ref: MessageRef, chosen: bodies.Bodies) -> tuple[TextHtml, ...]:
    """Return the plain reading: text parts as they are, HTML without its tags."""
    shown = []
    for part in chosen.text or chosen.html:
        octets = messages.fetch_part(
            session, ref.uid, part.part_number, bodies.MAX_TEXT_OCTETS * 3 // 2
        )
        text = bodies.decode_text(bodies.decode_transfer(octets, part.encoding), part.charset)
        if part.media_type == "text/html":
            text = washing.text_of(text[: bodies.MAX_TEXT_OCTETS])
        shown.append(_text_part(text, part))
    return tuple(shown)


def _text_part(text: str, part: BodyPart) -> TextHtml:
    return text_to_html(
        text,
        flowed=part.params.get("format", "").lower() == "flowed",
        delete_space=part.params.get("delsp", "").lower() == "yes",
    )


def _attachment(ref: MessageRef, part: BodyPart, index: int) -> Attachment:
    name = file_name(part, index)
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    kind = extension if 1 < len(extension) <= 4 and extension.isalnum() else _("file")
    return Attachment(
        name=name,
        kind=kind.upper(),
        hue=_KINDS.get(extension, 5),
        size_bytes=part.decoded_size_bytes,
        url=f"{message_url(ref)}part/{part.part_number}/",
    )


def file_name(part: BodyPart, index: int) -> str:
    """Return the name to show and save by; one of our own when the sender gave none."""
    if part.file_name:
        return part.file_name
    if part.media_type in ("message/rfc822", "message/global"):
        name = safe_file_name(part.subject) or _("Message")
        return f"{name}.eml"
    extension = {
        "text/plain": "txt", "text/html": "html", "text/calendar": "ics", "image/jpeg": "jpg",
        "image/png": "png", "image/gif": "gif", "application/pdf": "pdf",
        "message/delivery-status": "txt", "text/rfc822-headers": "txt",
    }.get(part.media_type, "bin")  # fmt: skip
    return _("File %(number)d") % {"number": index} + f".{extension}"


def _to_names(identity: MailIdentity, to: tuple[Address, ...], cc: tuple[Address, ...]) -> str:
    """Return whom it went to: oneself as "me", first."""
    people = (*to, *cc)
    mine = [a for a in people if a.email.lower() == identity.address]
    others = [a.shown for a in people if a.email.lower() != identity.address]
    shown = ([_("me")] if mine else []) + others
    text = ", ".join(shown[:3])
    if len(shown) > 3:
        text += " " + _("and %(count)d more") % {"count": len(shown) - 3}
    return text


def _unsubscribe(identity: MailIdentity, headers: Headers) -> str:
    """Return the way out of a list: its https page, else a letter to its address; else empty."""
    found = _UNSUBSCRIBE.findall(to_text(headers.raw("list-unsubscribe")[:8_000]))
    web = next((url for url in found if url.startswith("https://")), "")
    letter = next((url for url in found if url.startswith("mailto:")), "")
    return web or (compose_url(identity, letter) or "" if letter else "")


def compose_url(identity: MailIdentity, mailto: str) -> str | None:
    """Return our composer's address for a mailto: link; None when there is no composer."""
    try:
        return f"{reverse('webmail:compose', args=[identity.mailbox_id])}?{urlencode({'mailto': mailto})}"
    except NoReverseMatch:
        return None


def _nobody() -> Address:
    return Address(_("(unknown sender)"), "")
