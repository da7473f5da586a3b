"""Files attached in a composer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from portal.config import stack
from webmail.errors import PartGone
from webmail.models import ComposeUpload

if TYPE_CHECKING:
    from uuid import UUID


def uploads_of(mailbox_id: int, compose_id: UUID) -> list[ComposeUpload]:
    """Return the files of one composer in the order they were added."""
    return list(
        ComposeUpload.objects.filter(mailbox=mailbox_id, compose_id=compose_id).order_by("id")
    )


def upload_of(mailbox_id: int, key: UUID) -> ComposeUpload:
    """Return one file of the mailbox. Raises PartGone."""
    found = ComposeUpload.objects.filter(mailbox=mailbox_id, key=key).first()
    if found is None:
        raise PartGone(detail="no such upload")
    return found


def path_of(upload: ComposeUpload) -> Path:
    """Return where the file lies: named by us, never by its sender."""
    return folder_of(upload.mailbox_id) / upload.key.hex


def folder_of(mailbox_id: int) -> Path:
    """Return the folder of a mailbox's uploads."""
    return stack().data / "uploads" / str(mailbox_id)
