"""Addresses whose rights changed, for the pool to drop their connections."""

from __future__ import annotations

import logging
from collections import deque

from django.db import DatabaseError, connection

from accounts.models import AccessChange

logger = logging.getLogger(__name__)

_WINDOW = 500  # rows that commit late under a smaller id are still met


class AccessFollower:
    """Remembers which AccessChange rows were seen; used by one thread at a time."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._seen: deque[int] = deque(maxlen=2 * _WINDOW)

    def __call__(self) -> list[str]:
        """Return the addresses of rows not seen before; none when asked for the first time.

        A database that does not answer is asked again next time: nothing is forgotten.
        """
        try:
            after = self._newest - _WINDOW if self._newest is not None else None
            rows = self._rows(after)
        except DatabaseError as exc:
            logger.warning("access changes unknown", extra={"reason": type(exc).__name__})
            return []
        finally:
            connection.close()
        is_first = self._newest is None
        new = [(row_id, address) for row_id, address in rows if row_id not in self._seen]
        self._seen.extend(row_id for row_id, _ in new)
        self._newest = max((row_id for row_id, _ in rows), default=self._newest or 0)
        return [] if is_first else [address for _, address in new]

    def _rows(self, after: int | None) -> list[tuple[int, str]]:
        changes = AccessChange.objects.order_by("-id").values_list("id", "address")
        if after is not None:
            changes = changes.filter(id__gt=after)
        return list(changes[:_WINDOW])
