"""Files of a message: download one, or all as a ZIP; images that its HTML refers to."""

from __future__ import annotations

import tempfile
import zipfile
from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from webmail.identity import MailIdentity, MessageRef, folder_path
from webmail.selectors.downloads import all_files, inline_image
from webmail.selectors.downloads import attachment as load_attachment
from webmail.views.access import mailbox_view
from webmail.views.downloading import download, locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.http import PersonRequest


@require_GET
@mailbox_view
def attachment(
    request: PersonRequest,
    identity: MailIdentity,
    folder: str,
    uid_validity: int,
    uid: int,
    part: str,
) -> StreamingHttpResponse:
    """Download one part as a file."""
    ref = MessageRef(identity.mailbox_id, folder_path(folder), uid_validity, uid)
    name, chunks = load_attachment(identity, ref, part)
    return download(chunks, name)


@require_GET
@mailbox_view
def inline(
    request: PersonRequest,
    identity: MailIdentity,
    folder: str,
    uid_validity: int,
    uid: int,
    part: str,
) -> HttpResponse:
    """Show a raster image of the message; anything else does not exist here."""
    ref = MessageRef(identity.mailbox_id, folder_path(folder), uid_validity, uid)
    media_type, octets = inline_image(identity, ref, part)
    response = HttpResponse(octets, content_type=media_type)
    locked(response)
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


@require_GET
@mailbox_view
def all_attachments(
    request: PersonRequest, identity: MailIdentity, folder: str, uid_validity: int, uid: int
) -> StreamingHttpResponse:
    """Download every file of the message as one ZIP."""
    ref = MessageRef(identity.mailbox_id, folder_path(folder), uid_validity, uid)
    name = _("Attachments")
    return download(_zipped(all_files(identity, ref)), f"{name}.zip")


def _zipped(files: list[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    """Yield a ZIP, made in a file that goes away by itself."""
    with tempfile.TemporaryFile() as made:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            for name, chunks in files:
                with archive.open(name, "w", force_zip64=True) as entry:
                    for chunk in chunks:
                        entry.write(chunk)
        made.seek(0)
        while chunk := made.read(256 * 1024):
            yield chunk
