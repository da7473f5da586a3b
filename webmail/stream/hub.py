"""One Redis subscription for the whole process, fanned out in memory to every open stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import Counter, defaultdict
from time import monotonic
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from delivery.events import CHANNEL_PATTERN, CHANNEL_PREFIX, RESYNC, FolderChanged, redis_url
from webmail.identity import folder_id

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

    from webmail.services.authorise_push import Listener

logger = logging.getLogger(__name__)

PER_PERSON = 20
IN_ALL = 4000
_BACKLOG = 200  # events a slow browser may owe; beyond, it is told to look at everything
_SILENCE_SECONDS = 10.0
_PONG_SECONDS = 3.0
_RETRY_SECONDS = 1.0
OLDEST_SECONDS = 60.0  # a page that took longer to come here looks by itself
_CHANGED = 50_000  # mailboxes whose last change is remembered


def frame(event: str, data: dict[str, Any] | None = None) -> bytes:
    """Return one event of the stream (HTML Standard, 9.2 Server-sent events)."""
    return f"event: {event}\ndata: {json.dumps(data or {})}\n\n".encode()


class Stream:
    """What one browser still has to be told. None in the queue ends it."""

    def __init__(self, listener: Listener, session_key: str) -> None:
        self.listener = listener
        self.session_key = session_key
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.recheck = asyncio.Event()

    def tell(self, what: bytes) -> None:
        """Queue a frame; a browser that reads too slowly gets one resync instead of the rest."""
        if self.queue.qsize() >= _BACKLOG:
            while not self.queue.empty():
                self.queue.get_nowait()
            what = frame("resync")
        self.queue.put_nowait(what)

    def end(self) -> None:
        """Let the stream end after what is queued."""
        self.queue.put_nowait(None)


class Hub:
    """The open streams of this process and the task that feeds them."""

    def __init__(self) -> None:
        self.is_live = False
        self._by_address: defaultdict[str, set[Stream]] = defaultdict(set)
        self._by_person: Counter[int] = Counter()
        self._changed: dict[str, float] = {}  # when each mailbox last changed, oldest first
        self._task: asyncio.Task[None] | None = None

    def join(self, stream: Stream) -> bool:
        """Add a stream; False when the person or the process has too many."""
        person = stream.listener.user_id
        if self._by_person[person] >= PER_PERSON or self._by_person.total() >= IN_ALL:
            return False
        self._by_person[person] += 1
        self._by_address[stream.listener.address].add(stream)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        return True

    def leave(self, stream: Stream) -> None:
        """Forget a stream that joined."""
        person, address = stream.listener.user_id, stream.listener.address
        self._by_person[person] -= 1
        if not self._by_person[person]:
            del self._by_person[person]
        self._by_address[address].discard(stream)
        if not self._by_address[address]:
            del self._by_address[address]

    def has_changed(self, address: str, *, seconds: float) -> bool:
        """Whether the mailbox changed in the last `seconds`: a page made before has not shown it."""
        return monotonic() - self._changed.get(address, float("-inf")) < seconds

    def streams(self) -> list[Stream]:
        """Return every open stream."""
        return [stream for streams in self._by_address.values() for stream in streams]

    def hand_out(self, channel: str, data: bytes) -> None:
        """Give a message of Redis to whom it concerns; others cost a look into dictionaries."""
        address = channel.removeprefix(CHANNEL_PREFIX)
        if not address:
            self._tell_everybody(frame(RESYNC))
            return
        self._note(address)
        if address in self._by_address:
            try:
                event = FolderChanged.from_json(data)
            except ValueError:
                logger.warning("folder change not understood", extra={"length": len(data)})
                return
            what = frame(
                "folder",
                {
                    "folder": folder_id(event.folder),
                    "kind": event.kind,
                    "uid_low": event.uid_low,
                    "uid_high": event.uid_high,
                },
            )
            for stream in self._by_address[address]:
                stream.tell(what)

    def _note(self, address: str) -> None:
        self._changed.pop(address, None)  # so that the longest unchanged stands first
        self._changed[address] = monotonic()
        if len(self._changed) > _CHANGED:
            del self._changed[next(iter(self._changed))]

    def _tell_everybody(self, what: bytes) -> None:
        for stream in self.streams():
            stream.tell(what)

    def _set_live(self, *, is_live: bool) -> None:
        """After a loss everybody polls; after the return everybody looks once at everything."""
        if is_live != self.is_live:
            self.is_live = is_live
            self._tell_everybody(frame("live" if is_live else "degraded"))

    async def _listen(self) -> None:
        while True:
            try:
                await self._subscribe()
            except (TimeoutError, RedisError, OSError) as exc:
                if self.is_live:
                    logger.warning("push degraded", extra={"reason": type(exc).__name__})
                self._set_live(is_live=False)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _subscribe(self) -> None:
        """Listen until Redis is lost, which raises. No hidden reconnect: it would hide lost events."""
        client = Redis.from_url(
            redis_url(),
            socket_connect_timeout=1,
            socket_timeout=_PONG_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        pubsub = client.pubsub(ignore_subscribe_messages=True)
        try:
            await pubsub.psubscribe(CHANNEL_PATTERN)
            self._set_live(is_live=True)
            while True:
                await self._next(pubsub)
        finally:
            with contextlib.suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis gives it no types
                await client.aclose()

    async def _next(self, pubsub: PubSub) -> None:
        """Hand out one message; a long silence must be answered by a pong."""
        message = await pubsub.get_message(timeout=_SILENCE_SECONDS)
        if message is None:
            await pubsub.ping()
            message = await pubsub.get_message(timeout=_PONG_SECONDS)
            if message is None:
                raise TimeoutError
        if message["type"] == "pmessage":
            self.hand_out(message["channel"].decode(), message["data"])
