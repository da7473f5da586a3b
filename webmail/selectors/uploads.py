"""Files attached in a composer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.urls import reverse

from portal.config import stack
from webmail.errors import PartGone
from webmail.models import ComposeUpload

_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


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
    return uploads_folder() / str(mailbox_id)


def uploads_folder() -> Path:
    """Return the folder of all uploads."""
    return stack().data / "uploads"


@dataclass(frozen=True, slots=True)
class UploadCard:
    """A file of a composer as a chip."""

    key: UUID
    name: str
    kind: str  # up to four letters
    hue: int
    size_bytes: int
    url: str


def upload_cards(mailbox_id: int, compose_id: UUID) -> list[UploadCard]:
    """Return the files of one composer as chips; pictures inside the text are not among them."""
    return [card(row) for row in uploads_of(mailbox_id, compose_id) if not row.is_inline]


def card(row: ComposeUpload) -> UploadCard:
    """Return a file as a chip."""
    extension = row.file_name.rpartition(".")[2].lower() if "." in row.file_name else ""
    return UploadCard(
        row.key,
        row.file_name,
        (extension or "file").upper()[:4],
        sum(extension.encode()) % 8,
        row.size_bytes,
        reverse("webmail:upload", args=[row.mailbox_id, row.key]),
    )


def picture_type(path: Path) -> str:
    """Return the media type of a raster picture by its first bytes, empty for everything else."""
    with path.open("rb") as file:
        head = file.read(16)
    for magic, kind in _PICTURES:
        if head.startswith(magic):
            return kind
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""
