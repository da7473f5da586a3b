"""A Redis cache whose errors are misses: Redis down makes pages slower, never broken."""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, forgiving about a Redis that does not answer."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return the value, or `default` on a miss or an error."""
        try:
            return super().get(key, default, version)
        except RedisError:
            logger.warning("cache unavailable")
            return default

    def set(self, key: str, value: Any, timeout: Any = 300, version: int | None = None) -> None:
        """Store the value if Redis answers."""
        try:
            super().set(key, value, timeout, version)
        except RedisError:
            logger.warning("cache unavailable")

    def add(self, key: str, value: Any, timeout: Any = 300, version: int | None = None) -> bool:
        """Store the value if absent; True as well when Redis does not answer."""
        try:
            return super().add(key, value, timeout, version)
        except RedisError:
            logger.warning("cache unavailable")
            return True

    def delete(self, key: str, version: int | None = None) -> bool:
        """Remove the value if Redis answers."""
        try:
            return super().delete(key, version)
        except RedisError:
            logger.warning("cache unavailable")
            return False
