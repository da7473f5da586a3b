"""Mounts of the stack's own mount namespace: the boxed resolver, and a way into closed homes."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from mailserver.stack import files
from mailserver.stack.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Sequence


def box_resolver(run: Path, resolver: str) -> None:
    """Show every process of the stack the boxed DNS server instead of the machine's.

    Only files the machine has can be covered; without /etc/resolv.conf the C library asks 127.0.0.1,
    which is told in a sentence. Raises CannotStart.
    """
    texts = {
        "resolv.conf": f"nameserver {resolver}\noptions timeout:2 attempts:2\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
        "networks: files\nprotocols: files\nservices: files\n",
        "hosts": f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n",
    }
    keep = files.folder(run / "etc")
    for name, text in texts.items():
        files.write(keep / name, text)
        if (Path("/etc") / name).exists():
            _mount("--bind", str(keep / name), f"/etc/{name}")
        elif name == "resolv.conf":
            raise CannotStart("There is no /etc/resolv.conf to cover: create an empty one.")


def open_way(run: Path, paths: Sequence[Path]) -> None:
    """Let the stack's users reach `paths` below folders that are closed to them (a 0700 home).

    Inside our namespace the topmost closed folder is covered by an empty open one, and `paths` are
    bound to their old places in it; outside nothing changes. Raises CannotStart.
    """
    closed = {top for path in paths if (top := _closed(path))}
    if not closed:
        return
    keep = files.folder(run / "keep", mode=0o755)
    kept: list[tuple[Path, Path]] = []
    for number, path in enumerate(paths):
        place = files.folder(keep / str(number))
        _mount("--bind", str(path), str(place))
        kept.append((place, path))
    for number, top in enumerate(sorted(closed)):
        empty = files.folder(keep / f"open{number}")
        _mount("--bind", str(empty), str(top))
    for place, path in kept:
        if _closed_by(path, closed):
            path.mkdir(parents=True, exist_ok=True)
            _mount("--bind", str(place), str(path))


def _closed(path: Path) -> Path | None:
    """Return the topmost folder above `path` that others may not enter."""
    for parent in reversed(path.parents):
        if not parent.stat().st_mode & 0o001:
            return parent
    return None


def _closed_by(path: Path, closed: set[Path]) -> bool:
    return any(parent in closed for parent in path.parents)


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotStart(
            "This machine refuses mounts even to root "
            f"({done.stderr.strip() or 'no reason given'}): start a container with "
            "--cap-add SYS_ADMIN, or run bin/start on the machine itself."
        )
