"""Gives the mail of somebody who leaves to the colleague who takes over: into a folder, or as a file."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from domains.models import WITH_OLD_MAIL, Departure, HandOver, MailboxUsage
from domains.services.hand_over_mail import note_handed_over
from mailserver import doveadm
from mailserver.errors import MailserverError, NoRoom
from mailserver.patience import Patience
from mailserver.services.pack_mail import handed_folders, pack_mail
from portal.templatetags.ui import filesize

if TYPE_CHECKING:
    from domains.models import Mailbox

logger = logging.getLogger(__name__)

_BATCH = 5


class MailCopies:
    """Carries out the copies that are due, one mailbox after the other."""

    def __init__(self) -> None:
        # what fails costs a walk through two mailboxes, and rarely heals within seconds
        self._patience = Patience[int](first_seconds=300, longest_seconds=3600)

    def apply(self) -> int:
        """Copy what is due; returns how many mailboxes. What fails is told in the row and tried again."""
        rows = (
            Departure.objects.filter(
                hand_over__in=WITH_OLD_MAIL,
                stopped_at__isnull=False,
                copied_at=None,
                colleague__isnull=False,
            )
            .exclude(id__in=self._patience.resting())
            .select_related("mailbox__address", "colleague__address", "colleague__owner", "tenant")
            .order_by("id")[:_BATCH]
        )
        return sum(self._carry_out(row) for row in rows)

    def _carry_out(self, row: Departure) -> bool:
        if row.colleague is None:
            return False
        try:
            if row.hand_over == HandOver.FILE:
                packed = pack_mail(row)
                is_kept = note_handed_over(
                    departure=row, messages=packed.messages, file_bytes=packed.bytes
                )
            else:
                is_kept = note_handed_over(departure=row, messages=_copy(row, row.colleague))
        except MailserverError as exc:
            Departure.objects.filter(id=row.id).update(copy_error=exc.detail[:500])
            self._patience.failed(row.id)
            logger.warning("mail not copied", extra={"row": row.id, "reason": exc.detail})
            return False
        self._patience.done(row.id)
        return is_kept


def folder_of(row: Departure) -> str:
    """Return the name of the folder at the colleague's: whose mail it is, and no hierarchy in it."""
    name = "".join(c if c.isprintable() and c not in "/\\*%~" else " " for c in row.mailbox.name)
    words = " ".join(name.split())[:60].strip(". ")
    return f"{words} ({row.mailbox.address.localpart}-{row.mailbox_id})".strip()


def _copy(row: Departure, colleague: Mailbox) -> int:
    """Copy what an earlier, broken try did not; returns the messages of all folders.

    A folder with as many messages as its source is kept, any other is copied afresh. Raises
    DaemonFailed, and NoRoom before anything is written.
    """
    source, target, top = row.mailbox.address.email, colleague.address.email, folder_of(row)
    wanted = handed_folders(source)
    there = {folder.path: folder for folder in doveadm.folders(target)}
    missing = []
    for folder in wanted:
        old = there.get(f"{top}/{folder.path}")
        if old is None or old.messages != folder.messages:
            missing.append((folder, old))
    needed = sum(folder.size_bytes - (old.size_bytes if old else 0) for folder, old in missing)
    _require_room(colleague, needed)
    if top not in there:
        doveadm.make_folder(target, top)
    for folder, old in missing:
        place = f"{top}/{folder.path}"
        if old is None:
            doveadm.make_folder(target, place)
        else:
            doveadm.empty_folder(target, old.guid)
        doveadm.copy_folder(source, folder.guid, target, place)
    return sum(folder.messages for folder in wanted)


def _require_room(colleague: Mailbox, needed_bytes: int) -> None:
    if not colleague.quota_bytes:
        return
    usage = MailboxUsage.objects.filter(mailbox=colleague).first()
    free = max(0, colleague.quota_bytes - (usage.bytes if usage else 0))
    if needed_bytes > free:
        words = _("The mail to be copied takes %(needed)s, and %(address)s has %(free)s left.")
        raise NoRoom(
            detail=words
            % {
                "needed": filesize(needed_bytes),
                "address": colleague.address.email,
                "free": filesize(free),
            }
        )
