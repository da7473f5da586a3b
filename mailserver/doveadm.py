"""Dovecot's administration tool: forget cached sign-ins, end sessions, copy folders."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailserver.errors import DaemonFailed
from mailserver.tool import run_tool
from portal.config import stack

_TIMEOUT_SECONDS = 5.0
_COPY_SECONDS = 900.0  # a large folder; each runs in the agent's own thread
_SHARED_RIGHTS = {
    "read": ("lookup", "read"),
    "write": (
        "lookup", "read", "write", "write-seen", "write-deleted", "insert", "post", "expunge",
        "create", "delete",
    ),
}  # fmt: skip
_NO_SESSION = 68  # kick: nobody of that name was connected
# A kick takes a mask and every tool takes options: only plain addresses are passed on.
_PLAIN_ADDRESS = re.compile(r"[^\s*?\[\]{}\\-][^\s*?\[\]{}\\]{0,319}")


class Folder(NamedTuple):
    """A folder of a mailbox. `size_bytes` is what its messages count in the quota."""

    path: str
    guid: str
    messages: int
    size_bytes: int


def look_anew() -> None:
    """Have every process end and be started afresh; open sessions end. Raises DaemonFailed."""
    _doveadm("reload")


def flush_auth_cache(*addresses: str) -> None:
    """Make Dovecot ask for the password and the rights of each address again. Raises DaemonFailed."""
    _doveadm("auth", "cache", "flush", *map(_plain, addresses))


def kick(address: str) -> None:
    """End every open IMAP, POP3 and Sieve session of `address`. Raises DaemonFailed."""
    _doveadm("kick", _plain(address), allowed_codes=frozenset({0, _NO_SESSION}))


def folders(address: str) -> list[Folder]:
    """Return every folder of the mailbox. Raises DaemonFailed.

    Dovecot prints the columns in an order of its own, named in the first line.
    """
    said = _doveadm(
        "-f", "tab", "mailbox", "status", "-u", _plain(address), "guid messages vsize", "*",
        timeout_seconds=_COPY_SECONDS,
    )  # fmt: skip
    head, *lines = [line.split("\t") for line in said.splitlines()] or [[]]
    rows = [dict(zip(head, line, strict=False)) for line in lines]
    return [
        Folder(row["mailbox"], row["guid"], int(row["messages"]), int(row["vsize"])) for row in rows
    ]


def empty_folder(address: str, guid: str) -> None:
    """Remove every message of a folder. Raises DaemonFailed."""
    _doveadm(
        "expunge", "-u", _plain(address), "mailbox-guid", guid, "ALL",
        timeout_seconds=_COPY_SECONDS,
    )  # fmt: skip


def make_folder(address: str, path: str) -> None:
    """Create a folder and show it in mail programs. Raises DaemonFailed."""
    _doveadm("mailbox", "create", "-s", "-u", _plain(address), "--", path)


def share(address: str, mailbox_id: int) -> None:
    """Let the groups `read-<id>` and `write-<id>` into the mailbox. Raises DaemonFailed.

    The list of the INBOX holds for all folders; who is in the groups is asked at each sign-in.
    """
    for group, rights in _SHARED_RIGHTS.items():
        _doveadm(
            "acl", "set", "-u", _plain(address), "INBOX", f"group={group}-{mailbox_id}", *rights
        )


def copy_folder(source: str, guid: str, target: str, path: str) -> None:
    """Copy every message of a folder of `source` into `path` of `target`. Raises DaemonFailed."""
    _doveadm(
        "copy", "-u", _plain(target), "--", path, "user", _plain(source), "mailbox-guid", guid, "ALL",
        timeout_seconds=_COPY_SECONDS,
    )  # fmt: skip


def _plain(address: str) -> str:
    if not _PLAIN_ADDRESS.fullmatch(address):
        raise DaemonFailed(detail="doveadm: not a plain address")
    return address


def _doveadm(
    *words: str,
    allowed_codes: frozenset[int] = frozenset({0}),
    timeout_seconds: float = _TIMEOUT_SECONDS,
) -> str:
    config = stack().data / "conf" / "dovecot" / "dovecot.conf"
    return run_tool(
        "doveadm",
        "-c",
        str(config),
        *words,
        timeout_seconds=timeout_seconds,
        allowed_codes=allowed_codes,
    )
