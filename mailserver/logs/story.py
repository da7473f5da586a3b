"""Gathers the events of many lines into what has to be written down, and remembers who speaks TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailserver.logs.line import moment, parse_line
from mailserver.logs.postfix import (
    Accepted,
    Expired,
    MessageIdNamed,
    SignedIn,
    Status,
    TlsEstablished,
    read_event,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mailserver.logs.line import LogLine
    from mailserver.logs.postfix import Event

_REMEMBERED_PROCESSES = 500


@dataclass(frozen=True, slots=True)
class Told:
    """A status with its moment and whether TLS carried it (None: not known)."""

    status: Status
    at: datetime
    tls: bool | None


@dataclass(slots=True)
class Story:
    """What a run of lines says, in order where order matters."""

    message_ids: dict[str, str] = field(default_factory=dict)  # queue id → Message-ID
    accepted: set[str] = field(default_factory=set)
    outcomes: list[Told] = field(default_factory=list)
    expired: list[tuple[str, datetime]] = field(default_factory=list)
    sign_ins: dict[str, datetime] = field(default_factory=dict)  # address → the last
    unread_count: int = 0  # lines that have no frame


@dataclass(slots=True)
class _Talk:
    """What is known of one delivery process: who it spoke TLS with last, and for which message."""

    relay: str
    queue_id: str = ""


class PostfixReader:
    """Reads lines in order. A process's TLS line comes before the statuses it covers."""

    def __init__(self) -> None:
        self._talks: dict[int, _Talk] = {}

    def read(self, lines: Iterable[bytes], *, now: datetime) -> Story:
        """Return the story of `lines`; `now` gives year and zone to their times."""
        story = Story()
        for raw in lines:
            line = parse_line(raw)
            if line is None:
                story.unread_count += 1
            elif event := read_event(line):
                self._add(story, line, event, now)
        return story

    def _add(self, story: Story, line: LogLine, event: Event, now: datetime) -> None:
        match event:
            case MessageIdNamed(queue_id, message_id):
                story.message_ids[queue_id] = message_id
            case Accepted(queue_id):
                story.accepted.add(queue_id)
            case Expired(queue_id):
                story.accepted.add(queue_id)
                story.expired.append((queue_id, moment(line.time, now=now)))
            case SignedIn(address):
                story.sign_ins[address] = moment(line.time, now=now)
            case TlsEstablished(relay):
                self._remember(line.pid, _Talk(relay))
            case Status():
                story.accepted.add(event.queue_id)
                tls = self._tls(line, event)
                story.outcomes.append(Told(event, moment(line.time, now=now), tls))

    def _tls(self, line: LogLine, status: Status) -> bool | None:
        """True after the process's TLS line; False only if it was watched before and has none."""
        if line.service != "smtp" or not status.relay or status.is_reused_connection:
            return None
        talk = self._talks.get(line.pid)
        self._remember(line.pid, _Talk(talk.relay if talk else "", status.queue_id))
        if talk is None:
            return None
        is_same_talk = talk.queue_id in {"", status.queue_id}
        return is_same_talk and talk.relay == status.relay

    def _remember(self, pid: int, talk: _Talk) -> None:
        self._talks.pop(pid, None)
        self._talks[pid] = talk
        if len(self._talks) > _REMEMBERED_PROCESSES:
            del self._talks[next(iter(self._talks))]
