"""Packs the mail of somebody who leaves into one file for the colleague, and takes it away again."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from domains.models import Departure
from domains.services.plan_departure import MAX_FILE_BYTES
from mailserver import doveadm
from mailserver.errors import DaemonFailed, NoRoom
from mailserver.stack.users import WEB
from portal.config import stack
from portal.templatetags.ui import filesize

if TYPE_CHECKING:
    from pathlib import Path

    from mailserver.doveadm import Folder, Letter

_LEFT_OUT = ("Trash", "Junk")
_SPARE_BYTES = 1_000_000_000  # left free on the disk: mail must go on arriving
_LONGEST = 80  # characters of a folder's name
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_LINE_END = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True)
class Packed:
    """What the file holds, and how large it is."""

    messages: int
    bytes: int


def handed_folders(address: str) -> list[Folder]:
    """Return the folders that a colleague gets: those with mail, by name. Raises DaemonFailed."""
    return [
        folder
        for folder in sorted(doveadm.folders(address))
        if folder.messages and folder.path.partition("/")[0] not in _LEFT_OUT
    ]


def file_of(departure_id: int) -> Path:
    """Return where the file of a plan lies."""
    return stack().data / "handed" / f"{departure_id}.zip"


def pack_mail(row: Departure) -> Packed:
    """Write every message into the plan's file, whole or not at all. Raises DaemonFailed, NoRoom."""
    source, file = row.mailbox.address.email, file_of(row.pk)
    folders = handed_folders(source)
    _require_room(file.parent, sum(folder.size_bytes for folder in folders))
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    try:
        messages = _write(fresh, source, folders)
        fresh.replace(file)
    except OSError as exc:
        raise DaemonFailed(detail=str(exc)) from exc
    finally:
        fresh.unlink(missing_ok=True)
    return Packed(messages, file.stat().st_size)


def forget_files() -> int:
    """Delete the files that nobody may download any more; returns how many.

    A plan that was undone, a colleague who is gone, the end of the days: no row, no file. What is
    being written just now has another name, and its row says so as soon as it has this one.
    """
    there = {
        int(path.stem): path for path in file_of(0).parent.glob("*.zip") if path.stem.isdigit()
    }
    kept = set(
        Departure.objects.filter(pk__in=there, colleague__isnull=False)
        .exclude(file_until__lte=timezone.now())
        .values_list("pk", flat=True)
    )
    doomed = [path for pk, path in there.items() if pk not in kept]
    for path in doomed:
        path.unlink(missing_ok=True)
    return len(doomed)


def entry_name(folder: str, letter: Letter) -> str:
    """Return the name of a message in the file, safe wherever it is unpacked.

    A folder's name was chosen by a person: no part of it leads upwards, or is what Windows refuses.
    """
    parts = [_UNSAFE.sub("_", part)[:_LONGEST].strip(". ") for part in folder.split("/")]
    day = (
        letter.received[:10]
        if re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}", letter.received[:10])
        else ""
    )
    return "/".join([*(part or "_" for part in parts), f"{day} {letter.uid:06}.eml".strip()])


def _write(fresh: Path, source: str, folders: list[Folder]) -> int:
    handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    names: set[str] = set()
    messages = 0
    with os.fdopen(handle, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for folder in folders:
                for letter in doveadm.letters(source, folder.guid):
                    name = entry_name(folder.path, letter)
                    while name.lower() in names:  # two folders whose names differ by little
                        name = name.removesuffix(".eml") + "_.eml"
                    names.add(name.lower())
                    # as it travelled: lines end with CR LF (RFC 5322)
                    archive.writestr(name, _LINE_END.sub(b"\r\n", letter.text))
                    messages += 1
        file.flush()
        os.fsync(file.fileno())
    shutil.chown(fresh, group=WEB)
    fresh.chmod(0o640)
    return messages


def _require_room(folder: Path, needed_bytes: int) -> None:
    if needed_bytes > MAX_FILE_BYTES:
        raise NoRoom(
            detail=_("The mail takes %(needed)s; a file holds at most %(most)s.")
            % {"needed": filesize(needed_bytes), "most": filesize(MAX_FILE_BYTES)}
        )
    free = max(0, shutil.disk_usage(folder).free - _SPARE_BYTES)
    if needed_bytes > free:
        raise NoRoom(
            detail=_("The mail takes %(needed)s, and the disk has %(free)s left for it.")
            % {"needed": filesize(needed_bytes), "free": filesize(free)}
        )
