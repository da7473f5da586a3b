"""Takes a file for a letter that is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from portal.config import stack
from webmail.errors import FilesTooLarge, TooManyFiles
from webmail.message.compose import file_name, media_type, room_for_files
from webmail.models import ComposeUpload
from webmail.selectors.uploads import path_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from webmail.identity import MailIdentity

MAX_FILES = 100
MAX_LETTERS_OF_FILES = 20  # all open composers of a mailbox together, in full letters


def room() -> int:
    """Return how many bytes of files one letter may carry, before base64."""
    return room_for_files(stack().max_message_bytes)


def add_upload(
    identity: MailIdentity,
    *,
    compose_id: UUID,
    name: str,
    content_type: str,
    size_bytes: int,
    chunks: Iterable[bytes],
    is_inline: bool = False,
    key: UUID | None = None,
) -> ComposeUpload:
    """Store the file and return its row. Raises FilesTooLarge, TooManyFiles.

    A `key` given twice returns the row of the first time: opening a draft again adds nothing.
    """
    if key is not None and (known := ComposeUpload.objects.filter(key=key).first()) is not None:
        return known
    _require_room(identity.mailbox_id, compose_id, size_bytes)
    row = ComposeUpload(
        mailbox_id=identity.mailbox_id,
        compose_id=compose_id,
        key=key or uuid4(),
        file_name=file_name(name),
        content_type="/".join(media_type(content_type)),
        size_bytes=size_bytes,
        is_inline=is_inline,
    )
    path = path_of(row)
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    # The row comes last: a file without one is swept up, a row without a file would be a lie.
    ComposeUpload.objects.bulk_create([row], ignore_conflicts=True)
    return ComposeUpload.objects.get(key=row.key)


def touch_uploads(identity: MailIdentity, compose_id: UUID) -> None:
    """Keep the files of a letter somebody still works on."""
    ComposeUpload.objects.filter(mailbox=identity.mailbox_id, compose_id=compose_id).update(
        touched_at=timezone.now()
    )


@transaction.atomic
def _require_room(mailbox_id: int, compose_id: UUID, size_bytes: int) -> None:
    rows = ComposeUpload.objects.filter(mailbox=mailbox_id)
    here = rows.filter(compose_id=compose_id)
    if here.count() >= MAX_FILES:
        raise TooManyFiles
    taken = here.aggregate(total=Sum("size_bytes"))["total"] or 0
    everywhere = rows.aggregate(total=Sum("size_bytes"))["total"] or 0
    if taken + size_bytes > room() or everywhere + size_bytes > MAX_LETTERS_OF_FILES * room():
        raise FilesTooLarge
