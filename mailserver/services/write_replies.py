"""Writes automatic replies beside the homes, where Dovecot runs them before a person's own rules."""

from __future__ import annotations

import logging
import os
import pwd
from typing import TYPE_CHECKING

from django.utils import timezone

from domains.models import AutoReply
from domains.selectors import sender_addresses
from mailserver.errors import UnsafePath
from mailserver.patience import Patience
from mailserver.render import auto_reply_script

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

NAME = "auto-reply.sieve"
_BATCH = 100
_OWNER = "hopthu-mail"


class Replies:
    """Writes the scripts whose rows changed; one that cannot be written holds up no other."""

    def __init__(self, homes: Path) -> None:
        self._homes = homes
        self._patience = Patience[int]()

    def apply(self) -> int:
        """Bring the scripts in step with the rows; returns how many were written."""
        rows = (
            AutoReply.objects.filter(written_at=None)
            .exclude(mailbox__in=self._patience.resting())
            .select_related("mailbox", "mailbox__address")
            .order_by("mailbox_id")[:_BATCH]
        )
        return sum(self._carry_out(row) for row in rows)

    def _carry_out(self, row: AutoReply) -> int:
        try:
            _write(self._homes / str(row.mailbox_id), _script(row))
        except (OSError, UnsafePath) as exc:
            self._patience.failed(row.mailbox_id)
            reason = exc.detail if isinstance(exc, UnsafePath) else str(exc)
            logger.warning("reply not written", extra={"row": row.mailbox_id, "reason": reason})
            return 0
        self._patience.done(row.mailbox_id)
        # only if nobody changed it meanwhile
        return AutoReply.objects.filter(
            mailbox=row.mailbox_id, changed_at=row.changed_at, written_at=None
        ).update(written_at=timezone.now())


def _script(row: AutoReply) -> str:
    if not row.is_enabled:
        return ""
    email = row.mailbox.address.email
    return auto_reply_script(
        text=row.text,
        subject=row.subject,
        days=row.every_days,
        addresses=sender_addresses(row.mailbox),
        sender=email,
        handle=f"portal-{row.mailbox_id}-{row.version}",
        until=row.until,
    )


def _write(home: Path, script: str) -> None:
    """Write atomically into the home; an empty script means that there is none.

    Raises UnsafePath when the home is a link, OSError when the disk refuses.
    """
    path = home / NAME
    if home.is_symlink():
        raise UnsafePath(detail=f"{home.name} is a link")
    if not script:
        path.unlink(missing_ok=True)
        path.with_suffix(".svbin").unlink(missing_ok=True)
        return
    owner = pwd.getpwnam(_OWNER)
    if not home.is_dir():
        home.mkdir(mode=0o700)
        os.chown(home, owner.pw_uid, owner.pw_gid)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(script)
        os.fchown(file.fileno(), owner.pw_uid, owner.pw_gid)
    fresh.replace(path)
