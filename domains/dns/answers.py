"""What name servers said about one record: values or a typed failure, never a mixture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Failure(StrEnum):
    """Why a server's answer says nothing about the record. None of these means "not there"."""

    TIMEOUT = "timeout"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """One server's word. `values` is empty and `failure` None when it said: there is none."""

    server: str  # name or address of the server, for people
    values: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """An owner name and a type to ask for."""

    name: str
    rdtype: str


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything one round of questions brought back."""

    servers: tuple[str, ...]  # servers asked, as people know them
    answers: dict[Question, tuple[ServerAnswer, ...]]
