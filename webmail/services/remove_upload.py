"""Removes files of letters: taken out by hand, sent, thrown away or forgotten."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from webmail.models import ComposeUpload
from webmail.selectors.uploads import folder_of, path_of, uploads_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from webmail.identity import MailIdentity

KEPT = timedelta(days=2)
AT_ONCE = 500
_KEY = re.compile("[0-9a-f]{32}")


def remove_upload(identity: MailIdentity, *, compose_id: UUID, key: UUID) -> None:
    """Take one file out of a letter; repeating it changes nothing."""
    _remove(
        ComposeUpload.objects.filter(mailbox=identity.mailbox_id, compose_id=compose_id, key=key)
    )


def remove_uploads(mailbox_id: int, compose_id: UUID) -> None:
    """Remove all files of a letter that was sent or thrown away."""
    _remove(ComposeUpload.objects.filter(mailbox=mailbox_id, compose_id=compose_id))


def purge_uploads() -> int:
    """Remove what nobody touched for two days, at most AT_ONCE files; drafts keep their copies."""
    before = timezone.now() - KEPT
    old = ComposeUpload.objects.filter(touched_at__lt=before)
    return _remove(old.order_by("id")[:AT_ONCE]) + _remove_lost(before)


def _remove_lost(before: datetime) -> int:
    """Remove old files that no row names: a worker died between file and row."""
    found = [
        path
        for path in uploads_folder().glob("*/*")
        if _KEY.fullmatch(path.name) and _changed_at(path) < before.timestamp()
    ][:AT_ONCE]
    named = ComposeUpload.objects.filter(key__in=[UUID(hex=path.name) for path in found])
    known = {key.hex for key in named.values_list("key", flat=True)}
    lost = [path for path in found if path.name not in known]
    for path in lost:
        path.unlink(missing_ok=True)
    return len(lost)


def _changed_at(path: Path) -> float:
    """Seconds since the epoch; now for a file that went while we looked."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return timezone.now().timestamp()


def _remove(rows: Iterable[ComposeUpload]) -> int:
    gone = list(rows)
    ComposeUpload.objects.filter(pk__in=[row.pk for row in gone]).delete()
    for row in gone:
        path_of(row).unlink(missing_ok=True)
    for mailbox_id in {row.mailbox_id for row in gone}:
        folder = folder_of(mailbox_id)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return len(gone)
