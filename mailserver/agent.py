"""The one root process of the mail host: rows in the database are its only orders."""

from __future__ import annotations

import logging
import os
import signal
import threading
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from django.db import connection

from mailserver.errors import MailserverError
from mailserver.services.apply_access_changes import AccessChanges
from mailserver.services.copy_mail import MailCopies
from mailserver.services.delete_homes import HomeChanges
from mailserver.services.export_dkim import DkimFolder
from mailserver.services.follow_database import DatabaseFollower
from mailserver.services.pack_mail import forget_files
from mailserver.services.scan_queue import QueueScanner
from mailserver.services.tail_log import PostfixTailer
from mailserver.services.watch_daemons import Watchdog
from mailserver.services.write_replies import Replies
from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

logger = logging.getLogger(__name__)

_SLOWEST_SECONDS = 8.0  # longest pause of a duty that keeps failing
_STOP_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do again and again. `work` returns whether there is more to do at once."""

    name: str
    every_seconds: float
    work: Callable[[], bool]


def duties() -> Sequence[Duty]:
    """Return all the agent does; each runs in a thread of its own, so that none waits for another."""
    access, homes, copies = AccessChanges(), HomeChanges(), MailCopies()
    watchdog, scanner, follower = Watchdog(), QueueScanner(), DatabaseFollower()
    replies = Replies(stack().data / "mail")
    keys = DkimFolder(stack().data / "dkim")
    tailer = PostfixTailer(stack().data / "log" / "postfix.log")
    return (
        Duty("access", 0.5, lambda: _nothing_more(access.apply())),
        Duty("homes", 1.0, lambda: _nothing_more(homes.apply())),
        Duty("copies", 2.0, lambda: _nothing_more(copies.apply())),
        Duty("files", 30.0, lambda: _nothing_more(forget_files())),
        Duty("archives", 3600.0, lambda: _nothing_more(homes.forget_archives())),
        Duty("replies", 1.0, lambda: _nothing_more(replies.apply())),
        Duty("dkim", 3.0, lambda: _nothing_more(keys.step())),
        Duty("log", 0.2, tailer.step),
        Duty("database", 1.0, follower.look),
        Duty("queue", 5.0, lambda: _nothing_more(scanner.scan())),
        Duty("watchdog", 15.0, lambda: _nothing_more(watchdog.look())),
    )


def run() -> None:
    """Work until SIGTERM or SIGINT."""
    if os.geteuid() != 0:
        raise MailserverError(detail="the agent must run as root")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threads = [
        threading.Thread(target=keep_doing, args=(duty, stop), name=duty.name, daemon=True)
        for duty in duties()
    ]
    for thread in threads:
        thread.start()
    logger.info("agent works", extra={"duties": len(threads)})
    stop.wait()
    end = monotonic() + _STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - monotonic()))
    logger.info("agent ends")


def keep_doing(duty: Duty, stop: threading.Event) -> None:
    """Do the duty until `stop`; after a failure the pause doubles, and no failure ends the thread."""
    pause = 0.0
    while not stop.wait(pause):
        try:
            has_more = duty.work()
        except MailserverError as exc:
            logger.warning("duty failed", extra={"duty": duty.name, "reason": exc.detail})
            pause = _longer(pause, duty)
        except Exception:
            logger.exception("duty failed", extra={"duty": duty.name})
            connection.close()  # a broken connection must not be met again
            pause = _longer(pause, duty)
        else:
            pause = 0.0 if has_more else duty.every_seconds
    connection.close()


def _longer(pause: float, duty: Duty) -> float:
    return max(duty.every_seconds, min(_SLOWEST_SECONDS, pause * 2))


def _nothing_more(_: object) -> bool:
    return False
