"""Probes that tell whether each part answers as its protocol says, within a second."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection
from redis import Redis
from redis.exceptions import RedisError

from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_TIMEOUT_SECONDS = 1.0
_FRESH_SECONDS = 1.0  # answers younger than this are given again: nobody can hammer the daemons
_OK = "ok"


@dataclass(frozen=True, slots=True)
class Health:
    """`parts` maps a part's name to "ok" or to a word about what is wrong."""

    parts: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        """Whether every part answers."""
        return all(word == _OK for word in self.parts.values())


def probe_database(timeout_seconds: float) -> str:
    """Ask PostgreSQL for a constant."""
    del timeout_seconds  # the connection has its own
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        return type(exc).__name__
    finally:
        connection.close()
    return _OK


def probe_redis(timeout_seconds: float) -> str:
    """Send PING."""
    try:
        with Redis.from_url(
            stack().redis, socket_connect_timeout=timeout_seconds, socket_timeout=timeout_seconds
        ) as client:
            client.ping()
    except RedisError as exc:
        return type(exc).__name__
    return _OK


def probe_imap(timeout_seconds: float) -> str:
    """Wait for `* OK` on the IMAP port."""
    return _greet("imap", b"* OK", b"a LOGOUT\r\n", timeout_seconds)


def probe_smtp(timeout_seconds: float) -> str:
    """Wait for `220` on the SMTP port."""
    return _greet("smtp", b"220 ", b"QUIT\r\n", timeout_seconds)


def probe_lmtp(timeout_seconds: float) -> str:
    """Wait for `220` on the LMTP port and have LHLO answered."""
    return _greet("lmtp", b"220 ", b"QUIT\r\n", timeout_seconds, hello=b"LHLO localhost\r\n")


_PROBES: Mapping[str, Callable[[float], str]] = {
    "database": probe_database,
    "redis": probe_redis,
    "imap": probe_imap,
    "smtp": probe_smtp,
    "lmtp": probe_lmtp,
}


def look(names: Iterable[str], *, timeout_seconds: float = _TIMEOUT_SECONDS) -> Health:
    """Probe the named parts at the same time; what has not answered in time is "timeout"."""
    running = {name: _workers().submit(_PROBES[name], timeout_seconds) for name in names}
    done, _ = wait(running.values(), timeout=timeout_seconds)
    return Health(
        {name: future.result() if future in done else "timeout" for name, future in running.items()}
    )


class _Recent:
    """The last answer to the question the outside may ask, so that asking costs nothing."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at = float("-inf")
        self._health = Health({})

    def get(self) -> Health:
        with self._lock:
            if monotonic() - self._at >= _FRESH_SECONDS:
                self._health = look(("database", "redis", "imap", "smtp"))
                self._at = monotonic()
            return self._health


_recent = _Recent()


def recent_health() -> Health:
    """Return whether database, Redis, IMAP and SMTP answer, at most a second old."""
    return _recent.get()


@lru_cache(maxsize=1)
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=10, thread_name_prefix="probe")


def _greet(
    port_name: str, expected: bytes, goodbye: bytes, timeout_seconds: float, *, hello: bytes = b""
) -> str:
    end = monotonic() + timeout_seconds
    address = ("127.0.0.1", stack().mail_port(port_name))
    try:
        with socket.create_connection(address, timeout=timeout_seconds) as peer:
            said = _line(peer, end)
            if said.startswith(expected) and hello:
                peer.sendall(hello)
                said = _line(peer, end)
                expected = b"250"
            peer.sendall(goodbye)
    except TimeoutError:
        return "timeout"
    except OSError as exc:
        return type(exc).__name__
    return _OK if said.startswith(expected) else "unexpected answer"


def _line(peer: socket.socket, end: float) -> bytes:
    """Return what came until the first newline; raises TimeoutError after `end`."""
    said = b""
    while b"\n" not in said:
        peer.settimeout(max(0.01, end - monotonic()))
        data = peer.recv(4096)
        if not data:
            break
        said += data
    return said
