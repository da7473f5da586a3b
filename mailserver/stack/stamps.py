"""Remembers by content what was done already, so that a second start does it not again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """Return a digest of names and contents of `paths` and of `more`."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    for text in more:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def is_done(data: Path, name: str, digest: str) -> bool:
    """Tell whether `name` was done for this very digest."""
    path = data / "state" / f"{name}.done"
    return path.exists() and path.read_text() == digest


def note_done(data: Path, name: str, digest: str) -> None:
    """Remember that `name` is done for this digest."""
    (data / "state" / f"{name}.done").write_text(digest)
