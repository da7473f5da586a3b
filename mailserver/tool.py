"""Runs the daemons' own command-line tools, always with a time-out."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from mailserver.errors import DaemonFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAID_LIMIT = 500


@contextmanager
def open_tool(*command: str, timeout_seconds: float) -> Iterator[IO[bytes]]:
    """Give what the tool prints as it prints it, for what is too large to hold.

    Raises DaemonFailed at the end, also when it was not read to its end; time-outs end the tool.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
            )
        except OSError as exc:
            raise DaemonFailed(detail=f"{command[0]}: {exc}") from exc
        timer = threading.Timer(timeout_seconds, process.kill)
        timer.start()
        try:
            with process:
                if process.stdout is None:
                    raise AssertionError("it was asked for")
                try:
                    yield process.stdout
                except BaseException:
                    process.kill()
                    raise
        finally:
            timer.cancel()
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip()[-_SAID_LIMIT:]
            raise DaemonFailed(detail=f"{command[0]} ended with {process.returncode}: {said}")


def run_tool(
    *command: str, timeout_seconds: float, allowed_codes: frozenset[int] = frozenset({0})
) -> str:
    """Return what the tool printed. Raises DaemonFailed for other exit codes and time-outs."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as exc:
        raise DaemonFailed(detail=f"{command[0]}: no answer in {timeout_seconds} s") from exc
    except OSError as exc:
        raise DaemonFailed(detail=f"{command[0]}: {exc}") from exc
    if done.returncode not in allowed_codes:
        said = done.stderr.decode("utf-8", "replace").strip()[-_SAID_LIMIT:]
        raise DaemonFailed(detail=f"{command[0]} ended with {done.returncode}: {said}")
    return done.stdout.decode("utf-8", "replace")
