"""A small HTTP server on the loopback that turns Dovecot's events into published changes."""

from __future__ import annotations

import hmac
import json
import logging
import signal
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from delivery.events import FolderChanged, ask_everybody_to_resync, publish_folder_changed
from portal.config import stack
from portal.errors import Unavailable

logger = logging.getLogger(__name__)

_BODY_LIMIT = 65_536
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


class Handler(BaseHTTPRequestHandler):
    """POST /ev/<token>. Whatever happens to the event, Dovecot gets an answer at once."""

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
        self._answer(self._take(body))

    def _take(self, body: bytes) -> HTTPStatus:
        given = self.path.removeprefix("/ev/")
        if not hmac.compare_digest(given.encode(), stack().secret("push_token").encode()):
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

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — http.server's name
        """Say nothing: the path carries the token."""


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
