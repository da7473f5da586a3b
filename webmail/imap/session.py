"""One signed-in connection: sends commands, reads whole answers, knows the selected folder."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from imapclient import imap_utf7

from portal.config import stack
from portal.mailtoken import mint
from webmail.errors import MailUnavailable
from webmail.imap.client import READ_SECONDS, GuardedClient, refuse_unsafe
from webmail.imap.errors import ConnectionLost, refusal, translated
from webmail.imap.types import Selected

_LITERAL_END = re.compile(rb"\{(\d{1,10})\}\r\n\Z")
_EXISTS = re.compile(rb"\A\* (\d+) EXISTS")
_OK_CODE = re.compile(rb"\A\* OK \[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d+)\]")


class Literal:
    """Octets sent as a literal: message data, or text that is not ASCII."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command brought: whole untagged answers (literals inside) and the tagged text."""

    untagged: list[bytes]
    text: bytes


def astring(text: str) -> bytes | Literal:
    """Return `text` quoted, or as a literal when it is not ASCII. Raises UnsafeArgument."""
    refuse_unsafe(text)
    if not text.isascii():
        return Literal(text.encode())
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode("ascii") + b'"'


def folder_name(path: str) -> bytes:
    """Return a folder's path as an argument: modified UTF-7, quoted. Raises UnsafeArgument."""
    refuse_unsafe(path)
    encoded: bytes = imap_utf7.encode(path)
    return b'"' + encoded.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def decode_folder_name(raw: bytes) -> str:
    """Return a folder's path from modified UTF-7; bytes that are none stay readable."""
    decoded: str = imap_utf7.decode(raw)
    return decoded


class Session:
    """A connection signed in as one mailbox. Not thread-safe: only its borrower uses it."""

    def __init__(self, address: str) -> None:
        """Connect and sign in with a fresh token. Raises MailUnavailable."""
        refuse_unsafe(address)
        self.address = address
        self.selected: Selected | None = None
        self.opened_at = self.used_at = time.monotonic()
        self.is_broken = False
        with translated():
            self.client = GuardedClient("127.0.0.1", stack().mail_port("imap"))
            try:
                self.client.oauthbearer_login(address, mint(address))
            except BaseException:
                self.client.shutdown()
                raise
        self._wire: Any = self.client._imap  # noqa: SLF001  # the library's own connection object
        self._tag_number = 0

    def command(self, *parts: bytes | Literal, seconds: float = READ_SECONDS) -> Answer:
        """Send the parts, joined by blanks but inside parentheses, and return the answer.

        A part is an atom, a list or what astring and folder_name made; bytes with CR, LF or NUL
        are refused. Raises what `refusal` names for NO and BAD, ConnectionLost when the
        connection fails or stays silent.
        """
        self._tag_number += 1
        tag = b"h%d" % self._tag_number
        request = bytearray(tag)
        for part in parts:
            if part != b")" and not request.endswith(b"("):
                request += b" "
            if isinstance(part, Literal):
                request += b"{%d+}\r\n" % len(part.octets)
                request += part.octets
            else:
                refuse_unsafe(part)
                request += part
        request += b"\r\n"
        self.used_at = time.monotonic()
        try:
            with translated():
                self.client.socket().settimeout(seconds)
                self._wire.send(bytes(request))
                return self._answer(tag)
        except ConnectionLost:
            self.is_broken = True
            raise

    def select(self, path: str) -> Selected:
        """Select the folder anew and return its state now. Raises FolderGone."""
        self.selected = None
        answer = self.command(b"SELECT", folder_name(path), b"(CONDSTORE)")
        count = 0
        state = {b"UIDVALIDITY": 0, b"UIDNEXT": 0, b"HIGHESTMODSEQ": 0}
        for line in answer.untagged:
            if exists := _EXISTS.match(line):
                count = int(exists[1])
            elif code := _OK_CODE.match(line):
                state[code[1]] = int(code[2])
        self.selected = Selected(
            path, count, state[b"UIDVALIDITY"], state[b"UIDNEXT"], state[b"HIGHESTMODSEQ"]
        )
        return self.selected

    def unselect(self) -> None:
        """Leave the open folder, if there is one (RFC 3691)."""
        if self.selected is not None:
            self.selected = None
            self.command(b"UNSELECT")

    def is_alive(self) -> bool:
        """Say whether the server still answers (NOOP)."""
        try:
            self.command(b"NOOP", seconds=3)
        except MailUnavailable:
            return False
        return True

    def close(self) -> None:
        """Close the connection without waiting for anybody."""
        try:
            with translated():
                self._wire.send(b"bye LOGOUT\r\n")
                self.client.shutdown()
        except MailUnavailable:
            pass

    def _answer(self, tag: bytes) -> Answer:
        untagged: list[bytes] = []
        ending = tag + b" "
        while True:
            line = self._line()
            if line.startswith(b"* "):
                if line.startswith(b"* BYE"):
                    raise EOFError(line[:200].decode("utf-8", "replace"))
                untagged.append(line)
            elif line.startswith(ending):
                status, _, text = line[len(ending) :].rstrip(b"\r\n").partition(b" ")
                if status != b"OK":
                    raise refusal(status, text)
                return Answer(untagged, text)
            elif not line.startswith(b"+"):
                raise EOFError("answer out of order")

    def _line(self) -> bytes:
        """Return one answer to its end, the octets of literals included."""
        line: bytes = self._wire.readline()
        if not line.endswith(b"}\r\n"):
            return line
        pieces = [line]
        while literal := _LITERAL_END.search(line):
            octets: bytes = self._wire.read(int(literal[1]))
            line = self._wire.readline()
            pieces += (octets, line)
        return b"".join(pieces)
