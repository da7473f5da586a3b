"""GET /push/<mailbox id>/ as raw ASGI: signs in by the session cookie, then streams."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection

from delivery.events import RESYNC
from portal.errors import PortalError, Unavailable
from webmail.services.authorise_push import (
    authorise_push,
    changed_mailboxes,
    newest_access_change,
)
from webmail.stream.hub import OLDEST_SECONDS, Hub, Stream, frame

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]

logger = logging.getLogger(__name__)
T = TypeVar("T")

_PATH = re.compile(r"/push/(\d{1,18})/")
_AGE = re.compile(rb"age=(\d{1,9})")  # milliseconds since the browser asked for its page
_HEARTBEAT_SECONDS = 20.0
_RECHECK_SECONDS = 60.0
_LOOK_SECONDS = 1.0  # for changed rights, while anybody listens
_HEARTBEAT = b": here\n\n"
_RETRY = b"retry: 2000\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]

hub = Hub()
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="push-db")
_watch: set[asyncio.Task[None]] = set()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Answer one request; anything but the stream's own path is 404."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    match = _PATH.fullmatch(scope["path"])
    if match is None or scope["method"] != "GET":
        await _refuse(send, 404 if match is None else 405)
        return
    session_key = _session_key(scope["headers"])
    try:
        if not session_key:
            await _refuse(send, 401)
            return
        listener = await _in_thread(
            lambda: authorise_push(session_key=session_key, mailbox_id=int(match[1]))
        )
    except PortalError as exc:
        await _refuse(send, exc.status)
        return
    stream = Stream(listener, session_key)
    if not hub.join(stream):
        await _refuse(send, 429)
        return
    try:
        await _serve(stream, receive, send, age=_age(scope["query_string"]))
    finally:
        hub.leave(stream)


async def _serve(stream: Stream, receive: Receive, send: Send, *, age: float) -> None:
    """Stream until the browser goes or the right to listen ends.

    What changed while the page was on its way is told as one resync.
    """
    _keep_watch()
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    opening = _RETRY + frame("live" if hub.is_live else "degraded")
    if hub.has_changed(stream.listener.address, seconds=age):
        opening += frame(RESYNC)
    await _write(send, opening)
    gone = asyncio.create_task(_disconnected(receive))
    judge = asyncio.create_task(_recheck(stream))
    gone.add_done_callback(lambda _: stream.end())
    judge.add_done_callback(lambda _: stream.end())
    try:
        while (what := await _next(stream)) is not None:
            await _write(send, what)
        if not gone.done():
            await _write(send, frame("closed"))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except OSError:  # the browser went while we wrote
        pass
    finally:
        gone.cancel()
        judge.cancel()


async def _next(stream: Stream) -> bytes | None:
    try:
        return await asyncio.wait_for(stream.queue.get(), _HEARTBEAT_SECONDS)
    except TimeoutError:
        return _HEARTBEAT


async def _recheck(stream: Stream) -> None:
    """Return once the person may not listen any more; asked each minute and when rights change."""
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stream.recheck.wait(), _RECHECK_SECONDS)
        stream.recheck.clear()
        try:
            listener = await _in_thread(
                lambda: authorise_push(
                    session_key=stream.session_key, mailbox_id=stream.listener.mailbox_id
                )
            )
        except Unavailable:  # no database: nobody is signed out for that
            continue
        except PortalError:
            return
        if listener != stream.listener:  # renamed: the browser comes back under the new address
            return


def _keep_watch() -> None:
    if not _watch:
        task = asyncio.create_task(_watch_access())
        _watch.add(task)
        task.add_done_callback(_watch.discard)


async def _watch_access() -> None:
    """Have the streams of a mailbox rechecked within a second after its rights change."""
    seen: int | None = None
    while streams := hub.streams():
        try:
            if seen is None:
                seen = await _in_thread(newest_access_change)
                for stream in streams:
                    stream.recheck.set()  # what changed between signing in and now
            seen, mailboxes = await _changed(seen)
        except Unavailable:
            mailboxes = frozenset()
        for stream in streams:
            if stream.listener.mailbox_id in mailboxes:
                stream.recheck.set()
        await asyncio.sleep(_LOOK_SECONDS)


async def _changed(seen: int) -> tuple[int, frozenset[int]]:
    return await _in_thread(lambda: changed_mailboxes(after=seen))


async def _in_thread(work: Callable[[], T]) -> T:
    """Ask the database off the loop. Raises Unavailable when it does not answer."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _ask, work)


def _ask(work: Callable[[], T]) -> T:
    try:
        return work()
    except DatabaseError as exc:
        raise Unavailable(detail=type(exc).__name__) from exc
    finally:
        connection.close()  # back to the pool


def _age(query: bytes) -> float:
    """Return how many seconds ago the page was asked for; 0 when it does not say."""
    found = _AGE.fullmatch(query)
    return min(OLDEST_SECONDS, int(found[1]) / 1000) if found else 0.0


def _session_key(headers: list[tuple[bytes, bytes]]) -> str:
    jar: SimpleCookie = SimpleCookie()
    for name, value in headers:
        if name.lower() == b"cookie":
            try:
                jar.load(value.decode("latin-1"))
            except CookieError:
                return ""
    morsel = jar.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, what: bytes) -> None:
    await send({"type": "http.response.body", "body": what, "more_body": True})


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
