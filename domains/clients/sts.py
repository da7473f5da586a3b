"""The MTA-STS policy of a domain (RFC 8461): which servers other mail hosts must find behind TLS."""

from __future__ import annotations

import hashlib
from enum import StrEnum

TESTING_SECONDS = 86_400  # a mistake is forgotten after a day
ENFORCE_SECONDS = 1_209_600  # two weeks; RFC 8461 section 3.2 wants weeks or more


class Mode(StrEnum):
    """What other servers do when the policy is not met."""

    NONE = "none"
    TESTING = "testing"
    ENFORCE = "enforce"


def policy(mode: Mode, mx_host: str) -> str:
    """Return the text served at /.well-known/mta-sts.txt."""
    seconds = ENFORCE_SECONDS if mode is Mode.ENFORCE else TESTING_SECONDS
    lines = ("version: STSv1", f"mode: {mode}", f"mx: {mx_host}", f"max_age: {seconds}")
    return "".join(f"{line}\r\n" for line in lines)


def policy_id(text: str) -> str:
    """Return the `id=` of the TXT record: another one for every other policy."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
