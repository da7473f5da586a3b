"""Runs the daemons' own command-line tools, always with a time-out."""

from __future__ import annotations

import subprocess

from mailserver.errors import DaemonFailed

_SAID_LIMIT = 500


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
