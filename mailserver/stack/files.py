"""Files and folders of the installation: written only when they change, with owner and mode."""

from __future__ import annotations

import grp
import os
import pwd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def folder(path: Path, *, owner: str = "root", group: str = "root", mode: int = 0o755) -> Path:
    """Make `path` if missing and give it owner, group and mode."""
    path.mkdir(parents=True, exist_ok=True)
    _belongs(path, owner, group, mode)
    return path


def write(
    path: Path, text: str, *, owner: str = "root", group: str = "root", mode: int = 0o644
) -> bool:
    """Write `text` in one step unless the file holds it already; True when it changed."""
    changed = not path.exists() or path.read_text() != text
    if changed:
        fresh = path.with_name(f".{path.name}.new")
        fresh.touch(mode=0o600)
        fresh.write_text(text)
        _belongs(fresh, owner, group, mode)
        fresh.replace(path)
    else:
        _belongs(path, owner, group, mode)
    return changed


def _belongs(path: Path, owner: str, group: str, mode: int) -> None:
    uid, gid = pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    now = path.stat()
    if (now.st_uid, now.st_gid) != (uid, gid):
        os.chown(path, uid, gid)
    if now.st_mode & 0o7777 != mode:
        path.chmod(mode)
