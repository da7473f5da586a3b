"""No CR, LF or NUL reaches the IMAP server in an argument, whichever method is called."""

from __future__ import annotations

import inspect
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from imapclient import IMAPClient

from webmail.errors import MessageGone, UnsafeArgument
from webmail.imap.client import GuardedClient, refuse_unsafe
from webmail.imap.messages import _flag_list, _part, checked_uid
from webmail.imap.session import Answer, Session, astring, folder_name

BAD = [
    "x\r\nA1 DELETE INBOX",
    "x\nA1",
    "x\r",
    "x\0y",
    b"x\r\nA1 NOOP",
    ["ok", "x\r\ny"],
    ("a", ["b\n"]),
    {"k": "v\r\n"},
]


class Recorder:
    """A server that greets, says yes to everything and keeps every line."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.lines: list[bytes] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def _serve(self) -> None:
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(
                b"* OK [CAPABILITY IMAP4rev1 LITERAL+ MOVE UIDPLUS SORT THREAD=REFERENCES ID NAMESPACE QUOTA ACL ENABLE UNSELECT IDLE] hi\r\n"
            )
            stream.flush()
            for line in stream:
                self.lines.append(line)
                if line.strip():
                    stream.write(line.split()[0] + b" OK done\r\n")
                    stream.flush()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    server = Recorder()
    yield server
    server.socket.close()


@pytest.fixture
def client(recorder: Recorder) -> Iterator[GuardedClient]:
    made = GuardedClient("127.0.0.1", recorder.port)
    yield made
    made.shutdown()


METHODS = sorted(
    name
    for name, method in inspect.getmembers(IMAPClient, inspect.isfunction)
    if not name.startswith("_") and len(inspect.signature(method).parameters) > 1
)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("bad", BAD, ids=lambda b: repr(b)[:20])
def test_every_method_refuses_in_every_argument(
    name: str, bad: Any, client: GuardedClient, recorder: Recorder
) -> None:
    method = getattr(IMAPClient, name)
    parameters = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
    sent = len(recorder.lines)
    for target in parameters:
        if target.name in ("msg", "msgs", "ssl_context", "mech_callable", "sock"):
            continue  # octets of a message travel as a literal; the others are no text
        if target.kind is target.VAR_POSITIONAL:
            with pytest.raises(UnsafeArgument):
                method_of(client, name)(bad)
            continue
        arguments = {
            p.name: bad if p is target else "x"
            for p in parameters
            if p is target or p.default is p.empty
        }
        with pytest.raises(UnsafeArgument):
            method_of(client, name)(**arguments)
    assert len(recorder.lines) == sent


def method_of(client: GuardedClient, name: str) -> Any:
    return getattr(client, name)


def test_what_is_unknown_is_looked_into() -> None:
    class Sly:
        def __str__(self) -> str:
            return "x\r\ny"

    class Holder:
        def __init__(self) -> None:
            self.value = "x\r\n"

    for value in (Sly(), Holder()):
        with pytest.raises(UnsafeArgument):
            refuse_unsafe(value)


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", "a\0b"])
def test_our_own_builders_refuse_too(text: str) -> None:
    for build in (astring, folder_name):
        with pytest.raises(UnsafeArgument):
            build(text)
    with pytest.raises(UnsafeArgument):
        _flag_list([text.encode()])
    with pytest.raises(UnsafeArgument):
        _part(text)


@pytest.mark.parametrize("flag", [b"", b"a b", b"(x", b"\\*", b'"', b"x)", b"\\Seen)\r\n"])
def test_what_is_no_flag_is_refused(flag: bytes) -> None:
    with pytest.raises(UnsafeArgument):
        _flag_list([flag])


@pytest.mark.parametrize(
    "part", ["", "0", "1.", ".1", "1.0", "TEXT", "1]", "1 ", "9" * 9, "1." * 90 + "1"]
)
def test_what_is_no_part_number_is_gone(part: str) -> None:
    with pytest.raises(MessageGone):
        _part(part)


@pytest.mark.parametrize("uid", [0, -1, 2**32, 10**30])
def test_what_is_no_uid_is_gone(uid: int) -> None:
    with pytest.raises(MessageGone):
        checked_uid(uid)


def test_a_command_line_with_a_break_is_never_sent(recorder: Recorder) -> None:
    session = Session.__new__(Session)
    session.client = GuardedClient("127.0.0.1", recorder.port)
    session._wire = session.client._imap
    session._tag_number = 0
    session.is_broken = False
    assert session.command(b"NOOP") == Answer([], b"done")
    with pytest.raises(UnsafeArgument):
        session.command(b"UID SEARCH", b"x\r\nA1 DELETE INBOX")
    assert recorder.lines[-1] == b"h1 NOOP\r\n"
    session.client.shutdown()
