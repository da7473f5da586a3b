"""A small HTTP server on the loopback that turns Dovecot's events into published changes."""

from __future__ import annotations

import signal
import threading


def run() -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
