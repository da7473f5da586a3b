"""A small server on a Unix socket that answers smtpd: who may write to a group, how much may leave, what rules pass on."""

from __future__ import annotations

import logging
import pwd
import re
import signal
import socket
import struct
import threading
from contextlib import suppress
from email.header import Header
from pathlib import Path
from queue import Empty, LifoQueue
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg

from mailserver.policy.request import Request, read_request
from portal.config import stack

if TYPE_CHECKING:
    from datetime import datetime
    from types import FrameType
    from typing import LiteralString

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 300  # Postfix keeps its connections open
_CONNECT_SECONDS = 3
_JUDGES = 4  # questions take a millisecond; the database has few connections, Postfix many smtpd
_WAIT_SECONDS = 8  # Postfix waits ten
_PEER = struct.Struct("3i")  # process, user, group
MAIL_STORE = "hopthu-mail"
NAME = "hopthu-policy"  # of the connections, for those who look at the database
_TAKEN = "DUNNO"
_PLAIN_WORDS = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")

_GROUP = "SELECT takes, email, name FROM postfix_group(%s, %s, %s)"
_REFUSED = "550 5.7.1 This group takes mail only from those it names; ask one of its members"
_GROUP_LATER = "451 4.3.0 It cannot be said at present who may write to this group; try again later"

_RULE = "SELECT mail_rule_may_pass(%s, %s)"
_NOT_AGREED = "550 5.7.1 Whoever reads mail there has not agreed that it is passed on"
_RULE_LATER = "451 4.3.0 It cannot be said at present whether mail may be passed on"

_PLACES = "SELECT span, allowed, ends_at FROM postfix_take_places(%s, %s, %s)"
_OVER = {
    "hour": "450 4.7.1 Your company has written to {allowed} recipients this hour, as many as its "
    "plan allows; send this again from {until} on",
    "day": "450 4.7.1 Your company has written to {allowed} recipients today, as many as its plan "
    "allows; send this again from {until} on",
}
_TOO_MANY = {
    "hour": "550 5.5.3 The plan of your company allows {allowed} recipients an hour; this message "
    "has {wanted}",
    "day": "550 5.5.3 The plan of your company allows {allowed} recipients a day; this message "
    "has {wanted}",
}
_PLACES_LATER = (
    "451 4.3.0 It cannot be said at present how much your company may send; try again later"
)


class Judge:
    """One database connection, asked by one thread at a time. Lost ones are opened again once."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def verdict(self, request: Request) -> str:
        """Return what Postfix is to do. Without the database nobody gets in, and all may try again.

        A connection lost between counting and our hearing of it counts a message twice.
        """
        for _try in range(2):
            try:
                if request.is_rule:
                    return self._rule(request)
                return self._places(request) if request.is_end else self._group(request)
            except psycopg.Error as exc:
                logger.warning("question not judged", extra={"reason": type(exc).__name__})
                self.close()
        return later(request)

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def _group(self, request: Request) -> str:
        row = self._ask(_GROUP, request.sender, request.login, request.recipient)
        if row is None:
            return _TAKEN
        takes, email, name = row
        return f"PREPEND List-Id: {list_id(name, email)}" if takes else _REFUSED

    def _rule(self, request: Request) -> str:
        row = self._ask(_RULE, request.sender, request.recipient)
        return _TAKEN if row is not None and row[0] else _NOT_AGREED

    def _places(self, request: Request) -> str:
        if not counts(request):
            return _TAKEN
        row = self._ask(_PLACES, request.login, request.recipients, stack().timezone)
        return _TAKEN if row is None else over(*row, wanted=request.recipients)

    def _ask(self, question: LiteralString, *values: object) -> tuple[Any, ...] | None:
        if self._connection is None:
            self._connection = psycopg.connect(
                host=str(stack().run / "pg"),
                dbname="hopthu",
                user="hopthu_app",
                application_name=NAME,
                connect_timeout=_CONNECT_SECONDS,
                options="-c statement_timeout=5000",
                autocommit=True,
            )
        return self._connection.execute(question, values).fetchone()


def counts(request: Request) -> bool:
    """Return whether a complete message counts: somebody signed in, and it is not the system."""
    system = f"no-reply@{stack().operator_domain}"
    return bool(request.login) and request.login.removesuffix("@webmail") != system


def list_id(name: str, email: str) -> str:
    """Return what List-Id says of a group: its name, and its address with a dot (RFC 2919)."""
    words = name if _PLAIN_WORDS.fullmatch(name) else Header(name, "utf-8").encode(linesep="")
    return f"{words} <{email.replace('@', '.')}>"


def over(span: str, allowed: int, ends_at: datetime, *, wanted: int) -> str:
    """Return the reply about a full window; what could never fit in it is refused for good."""
    if wanted > allowed:
        return _TOO_MANY[span].format(allowed=allowed, wanted=wanted)
    until = ends_at.astimezone(ZoneInfo(stack().timezone))
    return _OVER[span].format(allowed=allowed, until=f"{until:%Y-%m-%d %H:%M %z}")


def later(request: Request) -> str:
    """Return the reply when nobody can say."""
    if request.is_rule:
        return _RULE_LATER
    return _PLACES_LATER if request.is_end else _GROUP_LATER


class Bench:
    """A few judges for all who ask: nobody keeps one beyond his question."""

    def __init__(self) -> None:
        self._free: LifoQueue[Judge] = LifoQueue()  # the last one used has its connection open
        for _place in range(_JUDGES):
            self._free.put(Judge())

    def verdict(self, request: Request) -> str:
        """Return what Postfix is to do, from the first judge who is free."""
        try:
            judge = self._free.get(timeout=_WAIT_SECONDS)
        except Empty:
            logger.warning("question not judged", extra={"reason": "too many questions"})
            return later(request)
        try:
            return judge.verdict(request)
        finally:
            self._free.put(judge)


class Handler(StreamRequestHandler):
    """One connection of smtpd, which has one message at a time: question after question."""

    timeout = _IDLE_SECONDS
    server: Server

    def handle(self) -> None:
        """Answer until Postfix hangs up or says something that is no question."""
        try:
            listed = None
            while (request := read_request(self.rfile)) is not None:
                verdict = self._verdict(request)
                if verdict.startswith("PREPEND "):
                    # A message to two groups names the first: two List-Id say nothing (RFC 2919).
                    verdict = _TAKEN if listed == request.instance else verdict
                    listed = request.instance
                self.wfile.write(f"action={verdict}\n\n".encode())
        except ValueError as exc:
            logger.warning("question not understood", extra={"reason": str(exc)})
        except OSError:  # hung up, or silent for long
            pass

    def _verdict(self, request: Request) -> str:
        """Return the verdict; about rules only to Dovecot's mail processes, for asking writes.

        Raises ValueError for anybody else.
        """
        if request.is_rule:
            peer = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
            if _PEER.unpack(peer)[1] != pwd.getpwnam(MAIL_STORE).pw_uid:
                raise ValueError("only the mail store asks about rules")
        return self.server.bench.verdict(request)


class Server(ThreadingUnixStreamServer):
    """A thread for each smtpd, and one bench for all."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: str) -> None:
        super().__init__(path, Handler)
        self.bench = Bench()


def run() -> None:
    """Serve until SIGTERM."""
    path = Path(stack().run / "policy.sock")
    path.unlink(missing_ok=True)
    with Server(str(path)) as server:
        path.chmod(0o666)  # it tells nothing that RCPT would not; Postfix has a user of its own

        def end(_signal: int, _frame: FrameType | None) -> None:
            threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        server.serve_forever()
    path.unlink(missing_ok=True)
