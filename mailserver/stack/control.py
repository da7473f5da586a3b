"""Talks to the stack's supervisor over its Unix socket."""

from __future__ import annotations

import os
import signal
import time
import xmlrpc.client
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supervisor.xmlrpc import SupervisorTransport

if TYPE_CHECKING:
    from portal.config import Stack


class Control:
    """A supervisor that runs."""

    def __init__(self, host: Stack) -> None:
        self._path = f"unix://{host.run}/supervisor.sock"

    @property
    def _server(self) -> Any:
        """A fresh connection: the transport does not recover from a failed one."""
        transport = SupervisorTransport(None, None, self._path)
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    def ready(self) -> bool:
        """Tell whether supervisor answers."""
        try:
            self._server.supervisor.getState()
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def start(self, name: str) -> None:
        """Start one program, named "group:program", without waiting."""
        self._server.supervisor.startProcess(name, False)  # noqa: FBT003 - positional only

    def start_group(self, name: str) -> None:
        """Start every program of a group without waiting."""
        self._server.supervisor.startProcessGroup(name, False)  # noqa: FBT003 - positional only

    def restart(self, name: str) -> None:
        """End and start one program, named "group:program", whole process group."""
        try:
            self._server.supervisor.stopProcess(name)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise
        self._server.supervisor.startProcess(name)

    def processes(self) -> list[dict[str, Any]]:
        """Return supervisor's rows: name, group, statename, pid, spawnerr, logfile."""
        rows: list[dict[str, Any]] = self._server.supervisor.getAllProcessInfo()
        return rows


def running_pid(data: Path) -> int:
    """Return the process id of the supervisor that serves `data`, 0 when none runs."""
    try:
        pid = int((data / "stack.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except (OSError, ValueError):
        return 0
    return pid if f"{data}/conf/supervisor/supervisord.conf" in command else 0


def stop(pid: int, *, patience: float = 15) -> bool:
    """End a supervisor and all it runs; False when it did not end in time."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return True
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False
