"""Puts a letter together: washed text, its plain twin, the files of its composer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from webmail.errors import FileMissing
from webmail.message.compose import Attachment
from webmail.message.html import is_too_complex, sanitise
from webmail.message.plaintext import to_plain
from webmail.selectors.uploads import path_of, uploads_of

if TYPE_CHECKING:
    from webmail.identity import MailIdentity
    from webmail.message.writing import Writing
    from webmail.models import ComposeUpload

_NOTHING = re.compile(r"(?:\s|&nbsp;|<br\s*/?>|</?p>|</?div>)*\Z")


def washed(identity: MailIdentity, writing: Writing) -> Writing:
    """Return `writing` with safe HTML and the plain twin of it; plain text stays as it is.

    Pictures of the composer become `cid:`; what the browser sent is never trusted.
    """
    if not writing.html:
        return writing
    if is_too_complex(writing.html):
        return replace(writing, html="")
    keys = {upload.key.hex for upload in uploads_of(identity.mailbox_id, writing.compose_id)}

    def content_id(given: str) -> str | None:
        key = given.partition("@")[0].replace("-", "").lower()
        return f"cid:{_content_id(key, identity)}" if key in keys else None

    html = str(sanitise(writing.html, resolve_cid=content_id, in_composer=True).markup)
    return replace(writing, html="" if _NOTHING.match(html) else html, text=to_plain(html))


def attachments(identity: MailIdentity, writing: Writing) -> tuple[Attachment, ...]:
    """Return the files of the letter. Raises FileMissing when one is gone from the disk."""
    return tuple(
        _attachment(upload, identity, writing)
        for upload in uploads_of(identity.mailbox_id, writing.compose_id)
        if not upload.is_inline or upload.key.hex in writing.html
    )


def _attachment(upload: ComposeUpload, identity: MailIdentity, writing: Writing) -> Attachment:
    try:
        content = path_of(upload).read_bytes()
    except FileNotFoundError as exc:
        raise FileMissing(field="files", detail=str(upload.key)) from exc
    is_inline = upload.is_inline and upload.key.hex in writing.html
    content_id = _content_id(upload.key.hex, identity) if is_inline else ""
    return Attachment(upload.file_name, upload.content_type, content, content_id)


def _content_id(key: str, identity: MailIdentity) -> str:
    return f"{key}@{identity.address.rpartition('@')[2]}"


def key_of(content_id: str) -> UUID | None:
    """Return the upload's key inside a Content-ID we made, None for another one."""
    try:
        return UUID(hex=content_id.partition("@")[0])
    except ValueError:
        return None
