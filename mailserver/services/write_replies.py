"""Writes automatic replies beside the homes, where Dovecot runs them before a person's own rules."""

from __future__ import annotations

import logging
import os
import pwd
from typing import TYPE_CHECKING

from django.utils import timezone

from domains.models import AliasTarget, AutoReply
from mailserver.render import auto_reply_script

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

NAME = "auto-reply.sieve"
_BATCH = 100
_OWNER = "hopthu-mail"


def write_replies(homes: Path) -> int:
    """Bring the scripts in step with the rows that changed; returns how many were written."""
    rows = AutoReply.objects.filter(written_at=None).select_related("mailbox", "mailbox__address")
    done = 0
    for row in rows.order_by("mailbox_id")[:_BATCH]:
        _write(homes / str(row.mailbox_id), _script(row))
        # only if nobody changed it meanwhile
        done += AutoReply.objects.filter(
            mailbox=row.mailbox_id, changed_at=row.changed_at, written_at=None
        ).update(written_at=timezone.now())
    return done


def _script(row: AutoReply) -> str:
    if not row.is_enabled:
        return ""
    email = row.mailbox.address.email
    aliases = AliasTarget.objects.filter(address=row.mailbox.address_id).values_list(
        "alias__address__email", flat=True
    )
    return auto_reply_script(
        text=row.text,
        subject=row.subject,
        days=row.every_days,
        addresses=[email, *sorted(aliases)],
        sender=email,
        handle=f"portal-{row.mailbox_id}-{row.version}",
        until=row.until,
    )


def _write(home: Path, script: str) -> None:
    """Write atomically into the home; an empty script means that there is none."""
    path = home / NAME
    if not script:
        path.unlink(missing_ok=True)
        path.with_suffix(".svbin").unlink(missing_ok=True)
        return
    owner = pwd.getpwnam(_OWNER)
    if home.is_symlink():
        logger.error("home is a link", extra={"home": home.name})
        return
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
