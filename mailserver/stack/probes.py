"""Asks each part of a starting stack whether it answers."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.config import Stack

_GREETINGS = {
    "smtp": b"220 ",
    "submission": b"220 ",
    "imap": b"* OK",
    "pop3": b"+OK",
    "managesieve": b'"',
    "lmtp": b"220 ",
}


def probes(host: Stack) -> dict[str, Callable[[], bool]]:
    """Return one question for each part that must answer before the stack is ready."""
    # Rspamd first: each SMTP greeting waits for it
    asked = {"rspamd": _connects(str(host.run / "rspamd" / "milter.sock"))}
    asked |= {
        name: _greets(host.listen, host.mail_port(name), greeting)
        for name, greeting in _GREETINGS.items()
    }
    asked["push"] = _connects(str(host.run / "push.sock"))
    asked["policy"] = _connects(str(host.run / "policy.sock"))
    asked["receiver"] = lambda: not port_is_free("127.0.0.1", host.receiver_port)
    asked["web"] = lambda: _web(host)
    if host.demo:
        asked["partner"] = _greets(host.box_address(25), 25, b"220 ")
        asked["smtp from outside"] = _greets(host.box_address(1), 25, b"220 ")
    return asked


def port_is_free(address: str, port: int) -> bool:
    """Tell whether a TCP port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _greets(address: str, port: int, greeting: bytes) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            with socket.create_connection((address, port), timeout=3) as connection:
                return connection.recv(64).startswith(greeting)
        except OSError:
            return False

    return ask


def _connects(path: str) -> Callable[[], bool]:
    def ask() -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(path)
            except OSError:
                return False
        return True

    return ask


def _web(host: Stack) -> bool:
    """The sign-in page comes."""
    connection = http.client.HTTPConnection(host.listen, host.port, timeout=5)
    try:
        connection.request("GET", "/accounts/login/", headers={"Host": f"localhost:{host.port}"})
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()
