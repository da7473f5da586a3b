"""Has Postfix and Dovecot look anew once the database is back: by themselves they would refuse."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection

from mailserver import doveadm, postfix

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)


class DatabaseFollower:
    """Remembers when the database was started.

    Postfix's lookups (proxymap) leave a database that failed them alone for 60 s, a constant of
    its source; until then every sender and recipient is a "temporary lookup failure". Dovecot 2.3's
    lookups (dict) wait for an answer of the database that is gone, thirty seconds for each sign-in.
    """

    def __init__(self) -> None:
        self._started: datetime | None = None

    def look(self) -> bool:
        """Tell both when the database was started since the last look. Raises DaemonFailed."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_postmaster_start_time()")
                (started,) = cursor.fetchone()
        except DatabaseError:
            connection.close()
            return False
        if self._started is not None and started != self._started:
            logger.warning("database was started anew, Postfix and Dovecot look anew")
            postfix.restart_processes()
            doveadm.look_anew()
        self._started = started
        return False
