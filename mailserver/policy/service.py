"""A small server on a Unix socket that answers smtpd while a recipient is named."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty, LifoQueue
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from typing import TYPE_CHECKING

import psycopg

from mailserver.policy.request import Request, read_request
from portal.config import stack

if TYPE_CHECKING:
    from types import FrameType

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 300  # Postfix keeps its connections open
_CONNECT_SECONDS = 3
_JUDGES = 4  # questions take a millisecond; the database has few connections, Postfix many smtpd
_WAIT_SECONDS = 8  # Postfix waits ten
NAME = "hopthu-policy"  # of the connections, for those who look at the database
_QUESTION = "SELECT postfix_group_takes(%s, %s, %s)"
_TAKEN = "DUNNO"
_REFUSED = "550 5.7.1 This group takes mail only from those it names; ask one of its members"
_LATER = "451 4.3.0 It cannot be said at present who may write to this group; try again later"


class Judge:
    """One database connection, asked by one thread at a time. Lost ones are opened again once."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[tuple[bool | None]] | None = None

    def verdict(self, request: Request) -> str:
        """Return what Postfix is to do. Without the database nobody gets in, and all may try again."""
        for _try in range(2):
            try:
                takes = self._ask(request)
            except psycopg.Error as exc:
                logger.warning("group not judged", extra={"reason": type(exc).__name__})
                self.close()
            else:
                return _REFUSED if takes is False else _TAKEN
        return _LATER

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def _ask(self, request: Request) -> bool | None:
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
        row = self._connection.execute(
            _QUESTION, (request.sender, request.login, request.recipient)
        ).fetchone()
        return row[0] if row else None


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
            logger.warning("group not judged", extra={"reason": "too many questions"})
            return _LATER
        try:
            return judge.verdict(request)
        finally:
            self._free.put(judge)


class Handler(StreamRequestHandler):
    """One connection of smtpd: question after question."""

    timeout = _IDLE_SECONDS
    server: Server

    def handle(self) -> None:
        """Answer until Postfix hangs up or says something that is no question."""
        try:
            while (request := read_request(self.rfile)) is not None:
                self.wfile.write(f"action={self.server.bench.verdict(request)}\n\n".encode())
        except ValueError as exc:
            logger.warning("question not understood", extra={"reason": str(exc)})
        except OSError:  # hung up, or silent for long
            pass


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
