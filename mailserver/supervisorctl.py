"""The stack's supervisor: is a program running, and restart the whole of it."""

from __future__ import annotations

import sys

from mailserver.tool import run_tool
from portal.config import stack

_STATUS_TIMEOUT_SECONDS = 5.0
_RESTART_TIMEOUT_SECONDS = 45.0  # a hung program is first asked to end, then killed
_GROUP = "stack:"
_NOT_RUNNING = 3  # exit code of `status` when a program is stopped, starting or gave up


def is_running(program: str) -> bool:
    """Whether the supervisor means it to run and sees it run. Raises DaemonFailed."""
    said = _supervisorctl("status", _GROUP + program, timeout_seconds=_STATUS_TIMEOUT_SECONDS)
    return said.split()[1:2] == ["RUNNING"]


def restart(program: str) -> None:
    """End the program with all its children and start it again. Raises DaemonFailed."""
    _supervisorctl("restart", _GROUP + program, timeout_seconds=_RESTART_TIMEOUT_SECONDS)


def _supervisorctl(*words: str, timeout_seconds: float) -> str:
    socket = stack().run / "supervisor.sock"
    return run_tool(
        sys.executable,
        "-m",
        "supervisor.supervisorctl",
        "-s",
        f"unix://{socket}",
        *words,
        timeout_seconds=timeout_seconds,
        allowed_codes=frozenset({0, _NOT_RUNNING}),
    )
