"""The one IMAP client class: IMAPClient, but CR, LF and NUL never reach the wire in an argument."""

from __future__ import annotations

import functools
import imaplib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from imapclient import IMAPClient, SocketTimeout

from webmail.errors import UnsafeArgument

CONNECT_SECONDS = 3.0
READ_SECONDS = 15.0
LONGEST_LINE = 64 * 1024 * 1024  # a BODYSTRUCTURE of 10,000 parts or the UIDs of a large folder

_UNSAFE_TEXT = re.compile("[\r\n\x00]")
_UNSAFE_BYTES = re.compile(rb"[\r\n\x00]")
_CARRIES_MESSAGES = {"append": "msg", "multiappend": "msgs"}  # their octets travel as literals

imaplib._MAXLINE = LONGEST_LINE  # type: ignore[attr-defined]  # noqa: SLF001  # its own default is 1 MB


def refuse_unsafe(value: object) -> None:
    """Raise UnsafeArgument if `value`, or anything inside it, holds CR, LF or NUL."""
    if isinstance(value, str):
        unsafe = _UNSAFE_TEXT.search(value) is not None
    elif isinstance(value, bytes | bytearray | memoryview):
        unsafe = _UNSAFE_BYTES.search(bytes(value)) is not None
    else:
        for inner in _inner(value):
            refuse_unsafe(inner)
        return
    if unsafe:
        raise UnsafeArgument(detail="CR, LF or NUL in an IMAP argument")


def _inner(value: object) -> Iterator[object]:
    """Yield what a value holds; of the unknown its text and its fields."""
    if isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif value is not None and not isinstance(value, int | float | datetime):
        yield str(value)
        yield from getattr(value, "__dict__", {}).values()


def _guarded(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)
    exempt = _CARRIES_MESSAGES.get(name)

    @functools.wraps(method)
    def checked(self: GuardedClient, *args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(self, *args, **kwargs).arguments
        for parameter, value in bound.items():
            if parameter not in ("self", exempt) and not callable(value):
                refuse_unsafe(value)
        return method(self, *args, **kwargs)

    return checked


class GuardedClient(IMAPClient):  # type: ignore[misc]  # imapclient carries no types
    """IMAPClient 4.1 passes CR LF of 12 of its 25 commands on; none of this class's methods does."""

    def __init__(self, host: str, port: int) -> None:
        """Connect in clear: the port is on the loopback. Raises OSError when nobody listens."""
        super().__init__(
            host,
            port=port,
            ssl=False,
            use_uid=True,
            timeout=SocketTimeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )
        self.normalise_times = False
        self._imap.debug = 0  # its log would hold message texts


for _name, _method in inspect.getmembers(IMAPClient, inspect.isfunction):
    if not _name.startswith("_"):
        setattr(GuardedClient, _name, _guarded(_name, _method))
