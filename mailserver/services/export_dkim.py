"""Writes the private DKIM keys that sign into the folder Rspamd reads, and takes others away."""

from __future__ import annotations

import grp
import logging
import os
import re
from time import monotonic
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from django.db.models import Count, Max

from domains.models import DkimKey
from portal.sealing import unseal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

logger = logging.getLogger(__name__)

_FILE_MODE = 0o640
_FOLDER_MODE = 0o750
_WHOLE_SECONDS = 300.0
_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}\.[a-z0-9][a-z0-9_-]{0,31}\.key")


def export_dkim(*, folder: Path) -> int:
    """Bring `folder` in step with the rows; returns how many files changed. Idempotent.

    Only keys that are active and not retired are unsealed. A key that does not open is logged
    and its file left as it is; without a file it is not told to sign, so that an older one goes on.
    """
    group = grp.getgrnam("_rspamd").gr_gid
    _prepare(folder, group)
    wanted = {
        f"{key.domain.name}.{key.selector}.key": key
        for key in DkimKey.objects.filter(active_at__isnull=False, retired_at=None).select_related(
            "domain"
        )
    }
    changed = sum(_write_key(folder / name, key, group) for name, key in wanted.items())
    there = [key for name, key in wanted.items() if (folder / name).is_file()]
    changed += _write(folder / "selectors.map", _selectors(there), group)
    for path in folder.glob("*.key"):
        if path.name not in wanted:
            path.unlink()
            changed += 1
    return changed


class DkimFolder:
    """Keeps the folder in step at the price of one small question while nothing changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mark: dict[str, object] = {}
        self._whole_at = 0.0  # when all files are compared again, whatever the rows say

    def step(self) -> int:
        """Export when a key came, went, began or ceased to sign; returns how many files changed."""
        mark = DkimKey.objects.aggregate(
            Count("pk"),
            Max("pk"),
            Count("active_at"),
            Max("active_at"),
            Count("retired_at"),
            Max("retired_at"),
        )
        if mark == self._mark and monotonic() < self._whole_at:
            return 0
        changed = export_dkim(folder=self._folder)
        self._mark, self._whole_at = mark, monotonic() + _WHOLE_SECONDS
        return changed


def _prepare(folder: Path, group: int) -> None:
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    os.chown(folder, 0, group)
    folder.chmod(_FOLDER_MODE)


def _selectors(keys: Iterable[DkimKey]) -> bytes:
    """Return Rspamd's map: each domain and the selector that has signed for it the shortest time."""
    newest = {
        key.domain.name: key.selector
        for key in sorted(keys, key=lambda key: (key.active_at, key.id))
    }
    return "".join(f"{name} {selector}\n" for name, selector in sorted(newest.items())).encode()


def _write_key(path: Path, key: DkimKey, group: int) -> bool:
    if not _SAFE_NAME.fullmatch(path.name):
        logger.error("unsafe DKIM key name", extra={"key": key.id})
        return False
    try:
        pem = unseal(bytes(key.private_sealed), purpose="dkim")
    except InvalidTag:
        logger.error("DKIM key does not open", extra={"key": key.id})  # noqa: TRY400 — no traceback
        return False
    return _write(path, pem, group)


def _write(path: Path, content: bytes, group: int) -> bool:
    """Write atomically and only when the content differs."""
    if path.is_file() and path.read_bytes() == content:
        return False
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        os.fchown(file.fileno(), 0, group)
        os.fchmod(file.fileno(), _FILE_MODE)
    fresh.replace(path)
    return True
