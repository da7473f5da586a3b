"""Folder-change events on Redis: Dovecot's side publishes, the push stream listens."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import RedisError

from portal.config import stack
from portal.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANNEL_PREFIX = "folders:"
CHANNEL_PATTERN = CHANNEL_PREFIX + "*"
DATABASE = 2
RESYNC = "resync"  # kind of the event that names no address: everybody looks again


@dataclass(frozen=True, slots=True)
class FolderChanged:
    """A hint that a folder is out of date: who listens asks IMAP, events may come out of order.

    `kind` is new, append, expunge, flags, create, delete, rename, subscribe or unsubscribe.
    """

    address: str
    folder: str  # UTF-8 path as IMAP's clients write it, "INBOX" or "A/B"
    kind: str
    uid_validity: int = 0  # 0: not known
    uid_low: int = 0  # 0: no message is meant
    uid_high: int = 0

    @property
    def channel(self) -> str:
        """Redis channel of the mailbox."""
        return CHANNEL_PREFIX + self.address

    def to_json(self) -> str:
        """Return the wire form."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> FolderChanged:
        """Read the wire form. Raises ValueError when it is not one."""
        try:
            return cls.from_fields(json.loads(text))
        except (KeyError, TypeError) as exc:
            raise ValueError("not a folder change") from exc

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> FolderChanged:
        """Read the fields of the wire form. Raises KeyError, TypeError or ValueError."""
        return cls(
            address=str(fields["address"]),
            folder=str(fields["folder"]),
            kind=str(fields["kind"]),
            uid_validity=int(fields["uid_validity"]),
            uid_low=int(fields["uid_low"]),
            uid_high=int(fields["uid_high"]),
        )


def redis_url() -> str:
    """URL of the database that carries the events."""
    base = stack().redis
    return f"{base}?db={DATABASE}" if base.startswith("unix:") else f"{base}/{DATABASE}"


def publish_folder_changed(event: FolderChanged) -> int:
    """Tell everybody who listens; returns how many do. Raises Unavailable without Redis."""
    try:
        return int(_client().publish(event.channel, event.to_json()))
    except RedisError as exc:
        raise Unavailable(detail=f"redis: {type(exc).__name__}") from exc


def ask_everybody_to_resync() -> int:
    """Tell every listener that events may have been lost. Raises Unavailable without Redis."""
    return publish_folder_changed(FolderChanged(address="", folder="", kind=RESYNC))


@lru_cache(maxsize=1)
def _client() -> Redis:
    return Redis.from_url(redis_url(), socket_connect_timeout=0.5, socket_timeout=1)
