"""Postfix: which messages of its queue are complete, and what their Message-ID is."""

from __future__ import annotations

import re
import stat
from functools import lru_cache
from pathlib import Path

from mailserver.tool import run_tool
from portal.config import stack

_TIMEOUT_SECONDS = 5.0
_QUEUE_ID = re.compile(r"[0-9A-Za-z]{6,20}")
_MESSAGE_ID = re.compile(
    r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,253}>)", re.IGNORECASE | re.MULTILINE
)
# In the direction a message travels, so that one that moves meanwhile is met again.
_QUEUES = ("incoming", "active", "deferred", "hold")


def complete_queue_ids() -> frozenset[str]:
    """Return the queue ids of every message Postfix has taken over and still holds.

    The owner's execute bit is Postfix's own mark of a complete file (cleanup sets it before
    the 250). Raises DaemonFailed when Postfix cannot say where its queue is.
    """
    root = queue_directory()
    return frozenset(
        path.name
        for queue in _QUEUES
        for path in (root / queue).rglob("*")
        if _QUEUE_ID.fullmatch(path.name) and _is_complete(path)
    )


def message_id_of(queue_id: str) -> str:
    """Return the Message-ID of a queued message with its brackets, empty when it has none.

    Raises DaemonFailed when the file is gone or does not end in time.
    """
    headers = run_tool(
        "postcat", "-c", str(_config()), "-h", "-q", queue_id, timeout_seconds=_TIMEOUT_SECONDS
    )
    match = _MESSAGE_ID.search(headers)
    return match[1] if match else ""


@lru_cache(maxsize=1)
def queue_directory() -> Path:
    """Return Postfix's queue_directory, asked once. Raises DaemonFailed."""
    said = run_tool(
        "postconf", "-c", str(_config()), "-h", "queue_directory", timeout_seconds=_TIMEOUT_SECONDS
    )
    return Path(said.strip())


def _config() -> Path:
    return stack().data / "conf" / "postfix"


def _is_complete(path: Path) -> bool:
    try:
        info = path.lstat()
    except FileNotFoundError:  # moved on between listing and looking
        return False
    return stat.S_ISREG(info.st_mode) and bool(info.st_mode & stat.S_IXUSR)
