"""The words of Postfix's policy protocol (SMTPD_POLICY_README): name=value lines, an empty one ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedIOBase

MAX_LINE = 4096
MAX_LINES = 200
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants to write to whom. `login` is empty without sign-in, `sender` for bounces.

    `recipients` counts those taken so far; it means something from the last line of a message on.
    """

    sender: str
    login: str
    recipient: str
    recipients: int = 0
    instance: str = ""  # the same for all questions about one message
    is_end: bool = False  # the message is complete; else a recipient is being named
    is_rule: bool = False  # no question of Postfix: a rule of `sender` passes mail on


def read_request(stream: BufferedIOBase) -> Request | None:
    """Return the next request; None when Postfix hung up. Raises ValueError for anything else."""
    found: dict[str, str] = {}
    for _line in range(MAX_LINES):
        raw = stream.readline(MAX_LINE)
        if not raw:
            return None
        if not raw.endswith(b"\n"):
            raise ValueError("line too long")
        line = raw.rstrip(b"\r\n").decode("utf-8", "replace").replace("\0", "")
        if not line:
            return _request(found)
        name, mark, value = line.partition("=")
        if not mark:
            raise ValueError("no attribute")
        found[name] = value
    raise ValueError("too many attributes")


def _request(found: Mapping[str, str]) -> Request:
    count = found.get("recipient_count") or "0"
    if not (count.isascii() and count.isdecimal() and len(count) < _DIGITS):
        raise ValueError("no number of recipients")
    return Request(
        sender=found.get("sender", "").lower(),
        login=found.get("sasl_username", "").lower(),
        recipient=found.get("recipient", "").lower(),
        recipients=int(count),
        instance=found.get("instance", ""),
        is_end=found.get("protocol_state", "") == "END-OF-MESSAGE",
        is_rule=found.get("request", "") == "sieve_redirect",
    )
