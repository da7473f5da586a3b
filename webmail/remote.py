"""Fetches images from the open internet, and from nowhere else (safety of the server itself).

Resolve once, refuse unless every answer is a public address, connect to that very address.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit

from portal.config import stack
from webmail.errors import ImageRefused, MailUnavailable

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
MAX_OCTETS = 10 * 1024 * 1024
MAX_REDIRECTS = 3
AT_ONCE = 6  # per process, so that slow servers never hold all threads

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
# Ranges that lead inward although Python calls them global, or that hide an address of version 4
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::ffff:0:0/96", "::/96",
        "fec0::/10", "100.64.0.0/10", "192.88.99.0/24",
    )
)  # fmt: skip
_SLOTS = threading.BoundedSemaphore(AT_ONCE)
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; image proxy)",
    "Accept": "image/webp,image/png,image/jpeg,image/gif,image/*;q=0.5",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class _Target:
    url: SplitResult
    host: str
    port: int
    address: str

    @property
    def path(self) -> str:
        return (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")


def fetch(url: str) -> bytes:
    """Return the octets behind `url`, at most MAX_OCTETS. Raises ImageRefused.

    Raises MailUnavailable when too many fetches run already.
    """
    if not _SLOTS.acquire(timeout=CONNECT_SECONDS):
        raise MailUnavailable(detail="image proxy busy")
    try:
        return _fetch(url, time.monotonic() + TOTAL_SECONDS)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise ImageRefused(detail=f"fetch: {type(exc).__name__}") from exc
    finally:
        _SLOTS.release()


def is_public(address: str) -> bool:
    """Say whether an IP address is on the open internet, by our own table and Python's."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if stack().fetch_allows_box and address == stack().box_address(80):
        return True
    return (
        ip.is_global
        and not ip.is_multicast
        and not ip.is_reserved
        and not any(ip in network for network in _REFUSED if network.version == ip.version)
    )


def _fetch(url: str, deadline: float) -> bytes:
    for _ in range(MAX_REDIRECTS + 1):
        target = _target(url)
        connection = _connect(target, deadline)
        try:
            connection.request("GET", target.path, headers=_HEADERS | {"Host": target.url.netloc})
            answer = connection.getresponse()
            if answer.status in _REDIRECTS:
                url = urljoin(url, answer.headers.get("Location", ""))
                continue
            if answer.status != 200:
                raise ImageRefused(detail=f"status {answer.status}")
            return _read(connection, answer, deadline)
        finally:
            connection.close()
    raise ImageRefused(detail="too many redirects")


def _target(url: str) -> _Target:
    """Return where to connect to. Raises ImageRefused unless every address is public."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ImageRefused(detail="scheme or user")
    if any(ord(sign) <= 32 or ord(sign) > 126 for sign in url):
        raise ImageRefused(detail="odd characters")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port not in (80, 443):
        raise ImageRefused(detail="port")
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(map(is_public, addresses)):
        raise ImageRefused(detail="address is not public")
    return _Target(parts, parts.hostname, port, addresses[0])


def _connect(target: _Target, deadline: float) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(target.host, target.port, timeout=CONNECT_SECONDS)
    plain = socket.create_connection((target.address, target.port), timeout=CONNECT_SECONDS)
    plain.settimeout(_left(deadline))
    if target.url.scheme == "https":
        try:
            connection.sock = _context().wrap_socket(plain, server_hostname=target.host)
        except OSError:
            plain.close()
            raise
    else:
        connection.sock = plain
    return connection


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    own = stack().data / "ca.pem"
    if stack().fetch_allows_box and own.exists():
        context.load_verify_locations(own)
    return context


def _read(
    connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, deadline: float
) -> bytes:
    octets = bytearray()
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
        piece = answer.read1(64 * 1024)
        if not piece:
            return bytes(octets)
        octets += piece
        if len(octets) > MAX_OCTETS:
            raise ImageRefused(detail="too large")
        _left(deadline)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, TOTAL_SECONDS)
