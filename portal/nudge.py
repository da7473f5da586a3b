"""Wakes a task by name after the transaction commits, so that services never import tasks."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from kombu.exceptions import OperationalError

from portal.celery import app

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)


def after_commit(task_name: str, *args: int | str) -> None:
    """Send `task_name` once the running transaction commits. A dead broker is only logged.

    The sweeper finds every row again, so a lost nudge costs seconds, never mail.
    """
    transaction.on_commit(partial(_send, task_name, args))


def _send(task_name: str, args: Sequence[int | str]) -> None:
    try:
        app.send_task(task_name, args=list(args), retry=False)
    except (OperationalError, OSError) as exc:
        logger.warning("nudge lost", extra={"task": task_name, "reason": type(exc).__name__})
