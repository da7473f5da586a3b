"""Dovecot's administration tool: forget cached sign-ins, end sessions, copy folders."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mailserver.errors import DaemonFailed
from mailserver.tool import open_tool, run_tool
from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_SECONDS = 5.0
_FIELDS = "uid date.received size.physical text"
_COPY_SECONDS = 900.0  # a large folder; each runs in the agent's own thread
_SHARED_RIGHTS = {
    "read": ("lookup", "read"),
    "write": (
        "lookup", "read", "write", "write-seen", "write-deleted", "insert", "post", "expunge",
        "create", "delete",
    ),
}  # fmt: skip
_PROGRAMS = frozenset({"imap", "pop3", "sieve", "managesieve"})  # what a session may be of
# `who` takes a mask and every tool takes options: only plain addresses are passed on.
_PLAIN_ADDRESS = re.compile(r"[^\s*?\[\]{}\\-][^\s*?\[\]{}\\]{0,319}")


class Letter(NamedTuple):
    """A message as it lies in the store. `received` begins with the day, as 2026-11-24 08:30:00."""

    uid: int
    received: str
    text: bytes


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
    """End every open IMAP, POP3 and Sieve session of `address`. Raises DaemonFailed.

    As `doveadm kick` of 2.3 does it. That of 2.4 names the person to the process, which obeys only
    while the mailbox it opened last is the person's own: whoever looked into a shared one stays.
    """
    for session in _rows(_doveadm("-f", "tab", "who", "-1", _plain(address))):
        # the column is called "proto" in 2.3
        if session.get("service", session.get("proto")) in _PROGRAMS:
            with suppress(ProcessLookupError):
                os.kill(int(session["pid"]), signal.SIGTERM)


def folders(address: str) -> list[Folder]:
    """Return every folder of the mailbox. Raises DaemonFailed."""
    said = _doveadm(
        "-f", "tab", "mailbox", "status", "-u", _plain(address), "guid messages vsize", "*",
        timeout_seconds=_COPY_SECONDS,
    )  # fmt: skip
    return [
        Folder(row["mailbox"], row["guid"], int(row["messages"]), int(row["vsize"]))
        for row in _rows(said)
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


def _rows(said: str) -> list[dict[str, str]]:
    """Return the lines of a table by column: their order is Dovecot's own, named in the first line."""
    head, *lines = [line.split("\t") for line in said.splitlines() if line.strip()] or [[]]
    return [dict(zip(head, line, strict=False)) for line in lines]


def letters(address: str, guid: str) -> Iterator[Letter]:
    """Yield every message of a folder, one after the other. Raises DaemonFailed.

    Dovecot says how many octets a message has before it prints them, and a form feed between two:
    whatever a message holds, where it ends is known.
    """
    with open_tool(
        *_command("fetch", "-u", _plain(address), _FIELDS, "mailbox-guid", guid, "ALL"),
        timeout_seconds=_COPY_SECONDS,
    ) as said:
        while head := said.readline():
            fields: dict[str, str] = {}
            while head.rstrip(b"\n") != b"text:":
                key, colon, value = head.decode("ascii", "replace").rstrip("\n").partition(": ")
                if not colon or len(fields) > _FIELDS.count(" "):
                    raise DaemonFailed(detail="doveadm fetch: what it prints is not understood")
                fields[key] = value
                head = said.readline()
            size = int(fields["size.physical"])
            text = said.read(size)
            if len(text) != size or said.read(2) not in {b"", b"\f\n"}:
                raise DaemonFailed(detail="doveadm fetch: a message is not whole")
            yield Letter(int(fields["uid"]), fields["date.received"], text)


def _plain(address: str) -> str:
    if not _PLAIN_ADDRESS.fullmatch(address):
        raise DaemonFailed(detail="doveadm: not a plain address")
    return address


def _doveadm(*words: str, timeout_seconds: float = _TIMEOUT_SECONDS) -> str:
    return run_tool(*_command(*words), timeout_seconds=timeout_seconds)


def _command(*words: str) -> tuple[str, ...]:
    config = stack().data / "conf" / "dovecot" / "dovecot.conf"
    return ("doveadm", "-c", str(config), *words)
