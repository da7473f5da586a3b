"""Restarts a mail daemon that no longer answers, with its whole process group."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from mailserver import health, supervisorctl
from mailserver.errors import DaemonFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

_PROGRAMS = {"smtp": "postfix", "lmtp": "dovecot", "imap": "dovecot"}  # probe → program
_TIMEOUT_SECONDS = 5.0
_FAILURES_BEFORE_RESTART = 2
_GRACE_SECONDS = 40.0  # after a start a daemon may take its time


@dataclass(slots=True)
class _Watched:
    failures: int = 0
    left_alone_until: float = 0.0


class Watchdog:
    """Counts failures in a row. A program somebody stopped on purpose stays stopped."""

    def __init__(self) -> None:
        until = monotonic() + _GRACE_SECONDS
        self._watched = {name: _Watched(0, until) for name in set(_PROGRAMS.values())}
        self.parts: Mapping[str, str] = {}  # the last answers, by probe

    def look(self) -> bool:
        """Probe everything once, restart what failed twice in a row; True when all answered."""
        found = health.look(_PROGRAMS, timeout_seconds=_TIMEOUT_SECONDS)
        self.parts = found.parts
        failing = {_PROGRAMS[name] for name, word in found.parts.items() if word != "ok"}
        for program, watched in self._watched.items():
            watched.failures = watched.failures + 1 if program in failing else 0
            if watched.failures >= _FAILURES_BEFORE_RESTART:
                self._restart(program, watched)
        return found.is_good

    def _restart(self, program: str, watched: _Watched) -> None:
        if monotonic() < watched.left_alone_until:
            return
        watched.left_alone_until = monotonic() + _GRACE_SECONDS
        try:
            if not supervisorctl.is_running(program):
                return
            logger.error("daemon hangs, restarting", extra={"program": program, **self.parts})
            supervisorctl.restart(program)
        except DaemonFailed as exc:
            logger.error("restart failed", extra={"program": program, "reason": exc.detail})  # noqa: TRY400 — the reason says it
