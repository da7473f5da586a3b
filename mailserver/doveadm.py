"""Dovecot's administration tool: forget cached sign-ins, end sessions."""

from __future__ import annotations

import re

from mailserver.errors import DaemonFailed
from mailserver.tool import run_tool
from portal.config import stack

_TIMEOUT_SECONDS = 5.0
_NO_SESSION = 68  # kick: nobody of that name was connected
# A kick takes a mask and every tool takes options: only plain addresses are passed on.
_PLAIN_ADDRESS = re.compile(r"[^\s*?\[\]{}\\-][^\s*?\[\]{}\\]{0,319}")


def flush_auth_cache(address: str) -> None:
    """Make Dovecot ask for the password and the rights of `address` again. Raises DaemonFailed."""
    _doveadm("auth", "cache", "flush", _plain(address))


def kick(address: str) -> None:
    """End every open IMAP, POP3 and Sieve session of `address`. Raises DaemonFailed."""
    _doveadm("kick", _plain(address), allowed_codes=frozenset({0, _NO_SESSION}))


def _plain(address: str) -> str:
    if not _PLAIN_ADDRESS.fullmatch(address):
        raise DaemonFailed(detail="doveadm: not a plain address")
    return address


def _doveadm(*words: str, allowed_codes: frozenset[int] = frozenset({0})) -> str:
    config = stack().data / "conf" / "dovecot" / "dovecot.conf"
    return run_tool(
        "doveadm",
        "-c",
        str(config),
        *words,
        timeout_seconds=_TIMEOUT_SECONDS,
        allowed_codes=allowed_codes,
    )
