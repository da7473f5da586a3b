"""A small HTTP server on the loopback: Dovecot's events in, and whether a sign-in may be tried."""

from __future__ import annotations

import hmac
import json
import logging
import signal
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from accounts.attempts import Attempt, give_back, take
from delivery.events import FolderChanged, ask_everybody_to_resync, publish_folder_changed
from portal.config import stack
from portal.errors import Unavailable

logger = logging.getLogger(__name__)

_BODY_LIMIT = 65_536
_TOKEN_MECHANISMS = frozenset({"OAUTHBEARER", "XOAUTH2"})  # nothing to guess
_IDLE_SECONDS = 120  # Dovecot keeps its connections open
# Dovecot's client reconnects with a back-off of up to a minute: what happened while this
# process was away was never sent.
_RESYNC_AFTER_START_SECONDS = (0.0, 5.0, 15.0, 40.0)


def read_event(body: bytes) -> FolderChanged | None:
    """Translate one exported event; None for other events. Raises ValueError for anything else."""
    record = json.loads(body)
    try:
        if record["event"] != "portal_change":
            return None
        fields: dict[str, Any] = record["fields"]
        return FolderChanged(
            address=str(fields["user"]).lower(),
            folder=str(fields["mailbox"]),
            kind=str(fields["kind"]).removeprefix("mb"),
            uid_validity=int(fields.get("uid_validity", 0)),
            uid_low=int(fields.get("uid_lo", 0)),
            uid_high=int(fields.get("uid_hi", 0)),
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError("not an event") from exc


def judge(command: str, body: bytes) -> dict[str, object]:
    """Answer Dovecot's auth policy client: status 0 lets a sign-in go on, -1 ends it.

    `command` is "allow" before the password is looked at and "report" after. Raises ValueError for
    anything but Dovecot's own JSON.
    """
    record = json.loads(body)
    if not isinstance(record, dict):
        raise ValueError("not a sign-in")  # noqa: TRY004 - bad input, whatever its type
    attempt = Attempt(
        login=str(record.get("login", "")),
        address=str(record.get("remote", "")),
        mark=str(record.get("pwhash", ""))[:64],
    )
    good = {"status": 0, "msg": ""}
    if str(record.get("mech", "")).upper() in _TOKEN_MECHANISMS:
        return good
    if command == "report":
        if record.get("success") is True:
            give_back(attempt)
        return good
    return good if take(attempt) else {"status": -1, "msg": "too many attempts"}


class Handler(BaseHTTPRequestHandler):
    """POST /ev/<token> and /policy/<token>. Dovecot gets an answer at once, whatever happens."""

    protocol_version = "HTTP/1.1"
    server_version = "hopthu"
    sys_version = ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Check the token, read the event, publish it."""
        body = self._body()
        if body is None:
            return
        if self.path.startswith("/policy/"):
            self._judge(body)
        else:
            self._answer(self._take(body))

    def _judge(self, body: bytes) -> None:
        given, _, query = self.path.removeprefix("/policy/").partition("?")
        if not _is_ours(given):
            self._answer(HTTPStatus.FORBIDDEN)
            return
        try:
            answer = judge(query.removeprefix("command="), body)
        except ValueError:
            logger.warning("sign-in not understood", extra={"length": len(body)})
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        self._answer(HTTPStatus.OK, json.dumps(answer).encode())

    def _take(self, body: bytes) -> HTTPStatus:
        if not _is_ours(self.path.removeprefix("/ev/")):
            return HTTPStatus.FORBIDDEN
        try:
            event = read_event(body)
        except ValueError:
            logger.warning("event not understood", extra={"length": len(body)})
            return HTTPStatus.BAD_REQUEST
        if event is None:
            return HTTPStatus.NO_CONTENT
        try:
            publish_folder_changed(event)
        except Unavailable as exc:  # pages poll meanwhile; the event is a hint, not a record
            logger.warning("event lost", extra={"reason": exc.detail})
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.NO_CONTENT

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _BODY_LIMIT:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        return self.rfile.read(int(length))

    def _answer(self, status: HTTPStatus, body: bytes = b"") -> None:
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        if body:
            self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — http.server's name
        """Say nothing: the path carries the token."""


def _is_ours(given: str) -> bool:
    return hmac.compare_digest(given.encode(), stack().secret("push_token").encode())


class Server(ThreadingHTTPServer):
    """One thread a connection; Dovecot holds few."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True


def run() -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = Server(("127.0.0.1", stack().receiver_port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    logger.info("receiver listens", extra={"port": stack().receiver_port})
    for seconds in _RESYNC_AFTER_START_SECONDS:
        if stop.wait(seconds):
            break
        _ask_to_resync()
    stop.wait()
    server.shutdown()
    server.server_close()


def _ask_to_resync() -> None:
    try:
        ask_everybody_to_resync()
    except Unavailable as exc:
        logger.warning("nobody asked to resync", extra={"reason": exc.detail})
