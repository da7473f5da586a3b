"""The words of Postfix's policy protocol (SMTPD_POLICY_README): name=value lines, an empty one ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedIOBase

MAX_LINE = 4096
MAX_LINES = 200


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants to write to whom. `login` is empty without sign-in, `sender` for bounces."""

    sender: str
    login: str
    recipient: str


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
            return Request(
                found.get("sender", "").lower(),
                found.get("sasl_username", "").lower(),
                found.get("recipient", "").lower(),
            )
        name, mark, value = line.partition("=")
        if not mark:
            raise ValueError("no attribute")
        found[name] = value
    raise ValueError("too many attributes")
