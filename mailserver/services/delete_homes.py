"""Deletes the homes of mailboxes that are gone, and never anything else."""

from __future__ import annotations

import logging
import os
import shutil
import tarfile
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Tenant
from accounts.services.record_audit import record_audit
from domains.models import Mailbox, MailHomeChange
from mailserver import doveadm
from mailserver.errors import DaemonFailed, UnsafePath
from mailserver.patience import Patience
from portal.config import stack

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

_BATCH = 20


class HomeChanges:
    """Carries out open rows, least tried first."""

    def __init__(self) -> None:
        self._patience = Patience[int]()

    def apply(self) -> int:
        """Delete what is to be deleted; returns how many homes went. A failure is in the row's `error`."""
        rows = (
            MailHomeChange.objects.filter(done_at=None)
            .exclude(id__in=self._patience.resting())
            .order_by("attempts", "id")[:_BATCH]
        )
        return sum(self._carry_out(row) for row in rows)

    def _carry_out(self, row: MailHomeChange) -> bool:
        try:
            doveadm.flush_auth_cache(row.address)
            doveadm.kick(row.address)
            if row.archive_until is not None and row.archived_at is None:
                self._archive(row)
            remove_home(stack().data / "mail", row.mailbox_id)
        except (DaemonFailed, UnsafePath) as exc:
            return self._note_failure(row, exc.detail)
        except OSError as exc:
            return self._note_failure(row, str(exc))
        with transaction.atomic():
            MailHomeChange.objects.filter(id=row.id).update(done_at=timezone.now(), error="")
            _record(row, "mailbox.erase")
        self._patience.done(row.id)
        return True

    def _archive(self, row: MailHomeChange) -> None:
        """Keep the whole home in one file that only root reads, before it is deleted.

        Without a home there was no mail, and nothing is said to be kept.
        """
        home = stack().data / "mail" / str(row.mailbox_id)
        if home.is_symlink() or not home.is_dir():
            return
        archive_home(home, archive_of(row.mailbox_id))
        row.archived_at = timezone.now()
        with transaction.atomic():
            MailHomeChange.objects.filter(id=row.id).update(archived_at=row.archived_at)
            _record(row, "mailbox.archive")

    def forget_archives(self) -> int:
        """Delete archives whose time is over; returns how many."""
        over = MailHomeChange.objects.filter(
            archive_until__lte=timezone.now(), archived_at__isnull=False
        ).order_by("archive_until")[:_BATCH]
        for row in over:
            archive_of(row.mailbox_id).unlink(missing_ok=True)
            with transaction.atomic():
                MailHomeChange.objects.filter(id=row.id).update(archive_until=None)
                _record(row, "mailbox.archive_erase")
        return len(over)

    def _note_failure(self, row: MailHomeChange, reason: str) -> bool:
        MailHomeChange.objects.filter(id=row.id).update(attempts=F("attempts") + 1, error=reason)
        self._patience.failed(row.id)
        logger.warning("home not deleted", extra={"row": row.id, "reason": reason})
        return False


def archive_of(mailbox_id: int) -> Path:
    """Return where the archive of a mailbox lies."""
    return stack().data / "archive" / f"{mailbox_id}.tar.gz"


def archive_home(home: Path, archive: Path) -> None:
    """Write all of `home` into `archive`, readable by its owner only; complete or not at all."""
    archive.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = archive.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            tar.add(home, arcname=home.name)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(archive)
    folder = os.open(archive.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the name, too, before the home goes
    finally:
        os.close(folder)


def _record(row: MailHomeChange, action: str) -> None:
    """Write into the audit trail what became of the mail itself."""
    tenant = Tenant.objects.filter(pk=row.tenant_id or 0).first()
    if tenant is not None:
        record_audit(
            Actor.system(tenant),
            tenant,
            action=action,
            target=("mailbox", row.mailbox_id, row.address),
            changes={"removed_bytes": row.bytes},
        )


def remove_home(root: Path, mailbox_id: int) -> None:
    """Remove `root`/<id> and all in it; nothing there is success.

    Raises UnsafePath when a mailbox still has this id, or when the name is no folder of its own
    but a link; OSError when the disk refuses.
    """
    if mailbox_id <= 0 or Mailbox.objects.filter(id=mailbox_id).exists():
        raise UnsafePath(detail=f"mailbox {mailbox_id} still has a row")
    home = root / str(mailbox_id)
    doomed = root / f".deleted-{mailbox_id}"
    for path in (home, doomed):
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise UnsafePath(detail=f"{path.name} is not a folder")
    if doomed.exists():  # an earlier try got this far
        shutil.rmtree(doomed)
    if home.exists():
        home.rename(doomed)  # whoever still writes finds no home instead of half of one
        shutil.rmtree(doomed)
