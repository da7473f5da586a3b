"""The one root process of the mail host: rows in the database are its only orders."""

from __future__ import annotations

import signal
import threading


def run() -> None:
    """Work until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
