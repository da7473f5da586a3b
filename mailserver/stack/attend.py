"""Stays in the foreground for a running stack and ends it on Ctrl-C or SIGTERM; knows nothing else."""

from __future__ import annotations

import os
import signal
import sys


def attend(supervisor: int) -> int:
    """Wait for the supervisor, our child, and pass each request to end on to it."""

    def end(*_: object) -> None:
        os.kill(supervisor, signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, end)
    _, status = os.waitpid(supervisor, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(attend(int(sys.argv[1])))
