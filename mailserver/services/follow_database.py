"""Has Postfix look anew once the database is back: by itself it would refuse mail for a minute."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection

from mailserver import postqueue

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)


class DatabaseFollower:
    """Remembers when the database was started.

    Postfix's lookups (proxymap) leave a database that failed them alone for 60 s, a constant of
    its source; until then every sender and recipient is a "temporary lookup failure".
    """

    def __init__(self) -> None:
        self._started: datetime | None = None

    def look(self) -> bool:
        """Tell Postfix when the database was started since the last look. Raises DaemonFailed."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_postmaster_start_time()")
                (started,) = cursor.fetchone()
        except DatabaseError:
            connection.close()
            return False
        if self._started is not None and started != self._started:
            logger.warning("database was started anew, Postfix looks anew")
            postqueue.look_anew()
        self._started = started
        return False
