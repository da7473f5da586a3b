"""Copies the mail of somebody who leaves into a folder of the colleague who takes over."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.services.record_audit import record_audit
from domains.models import Departure, HandOver
from mailserver import doveadm
from mailserver.errors import DaemonFailed
from mailserver.patience import Patience

logger = logging.getLogger(__name__)

_LEFT_OUT = ("Trash", "Junk")
_BATCH = 5


class MailCopies:
    """Carries out the copies that are due, one mailbox after the other."""

    def __init__(self) -> None:
        self._patience = Patience[int]()

    def apply(self) -> int:
        """Copy what is due; returns how many mailboxes. What fails is told in the row and tried again."""
        rows = (
            Departure.objects.filter(
                hand_over=HandOver.COPY,
                stopped_at__isnull=False,
                copied_at=None,
                colleague__isnull=False,
            )
            .exclude(id__in=self._patience.resting())
            .select_related("mailbox__address", "colleague__address", "tenant")
            .order_by("id")[:_BATCH]
        )
        return sum(self._carry_out(row) for row in rows)

    def _carry_out(self, row: Departure) -> bool:
        if row.colleague is None:
            return False
        try:
            copied = _copy(row)
        except DaemonFailed as exc:
            Departure.objects.filter(id=row.id).update(copy_error=exc.detail[:500])
            self._patience.failed(row.id)
            logger.warning("mail not copied", extra={"row": row.id, "reason": exc.detail})
            return False
        with transaction.atomic():
            Departure.objects.filter(id=row.id).update(copied_at=timezone.now(), copy_error="")
            record_audit(
                Actor.system(row.tenant),
                row.tenant,
                action="mailbox.copy",
                target=("mailbox", row.mailbox_id, row.mailbox.address.email),
                changes={"colleague": ["", row.colleague.address.email], "messages": copied},
            )
        self._patience.done(row.id)
        return True


def folder_of(row: Departure) -> str:
    """Return the name of the folder at the colleague's: whose mail it is, and no hierarchy in it."""
    name = "".join(c if c.isprintable() and c not in "/\\*%~" else " " for c in row.mailbox.name)
    words = " ".join(name.split())[:60].strip(". ")
    return f"{words} ({row.mailbox.address.localpart}-{row.mailbox_id})".strip()


def _copy(row: Departure) -> int:
    """Copy afresh: what an earlier, broken try left is dropped first. Returns the messages copied."""
    if row.colleague is None:
        return 0
    source, target = row.mailbox.address.email, row.colleague.address.email
    top, copied = folder_of(row), 0
    doveadm.drop_folders(target, top)
    doveadm.make_folder(target, top)
    for path, guid, messages in sorted(doveadm.folders(source)):
        if not messages or path.partition("/")[0] in _LEFT_OUT:
            continue
        place = f"{top}/{path}"
        doveadm.make_folder(target, place)
        doveadm.copy_folder(source, guid, target, place)
        copied += messages
    return copied
