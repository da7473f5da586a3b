"""Follows one log file by inode across rotation; reads whole lines only."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import stat_result
    from pathlib import Path

_LIMIT_BYTES = 65_536
_SETTLE_SECONDS = 0.3  # a writer that still holds the renamed file may add lines for this long


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; inode 0: nothing was ever read."""

    inode: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines without their newlines, and where reading goes on.

    `is_end`: everything written to the log so far was returned, now or before.
    `is_gap`: the file read before is gone, lines between may be lost.
    """

    lines: tuple[bytes, ...]
    position: Position
    is_end: bool
    is_gap: bool = False


class Follower:
    """Reads `path` and the files it was renamed to ("mail.log.1", "mail.log-20260101")."""

    def __init__(self, path: Path, *, settle_seconds: float = _SETTLE_SECONDS) -> None:
        self._path = path
        self._settle_seconds = settle_seconds
        self._moved_at: float | None = None

    def read(self, position: Position, *, limit: int = _LIMIT_BYTES) -> Chunk:
        """Return the next lines after `position`. Never blocks; OSError of the disk is passed on."""
        files = self._files()
        current = _stat(self._path)
        if not position.inode:
            if current is None:
                return Chunk((), position, is_end=False)
            position = Position(current.st_ino)
        held = files.get(position.inode)
        if held is None:
            return self._after_gap(position, current)
        path, size = held
        is_current = current is not None and current.st_ino == position.inode
        if size < position.offset:  # truncated in place
            position = Position(position.inode)
        lines, offset = _read_lines(path, position.offset, limit)
        if lines or offset != position.offset:
            return Chunk(lines, Position(position.inode, offset), is_end=False)
        if is_current:
            self._moved_at = None
            return Chunk((), position, is_end=True)
        return self._leave(position, path, current)

    def _leave(self, position: Position, path: Path, current: stat_result | None) -> Chunk:
        """The file was renamed and is read to its end: go on to the next newer one, after a wait."""
        if current is None:  # between rename and reload: the writer still uses the old file
            self._moved_at = None
            return Chunk((), position, is_end=True)
        if self._moved_at is None:
            self._moved_at = monotonic()
        if monotonic() - self._moved_at < self._settle_seconds:
            return Chunk((), position, is_end=False)
        rest = _read_rest(path, position.offset)
        self._moved_at = None
        return Chunk((rest,) if rest else (), Position(self._next(position.inode)), is_end=False)

    def _next(self, inode: int) -> int:
        """Return the inode of the next newer file by time of change."""
        by_age = sorted(
            (info.st_mtime_ns, info.st_ino)
            for info in map(_stat, self._path.parent.glob(self._path.name + "*"))
            if info is not None and info.st_size
        )
        ages = [inode for _, inode in by_age]
        if inode in ages[:-1]:
            return ages[ages.index(inode) + 1]
        current = _stat(self._path)
        return current.st_ino if current else 0

    def _after_gap(self, position: Position, current: stat_result | None) -> Chunk:
        if current is None:
            return Chunk((), position, is_end=False)
        return Chunk((), Position(current.st_ino), is_end=False, is_gap=True)

    def _files(self) -> dict[int, tuple[Path, int]]:
        found = {}
        for path in self._path.parent.glob(self._path.name + "*"):
            info = _stat(path)
            if info is not None:
                found[info.st_ino] = (path, info.st_size)
        return found


def _stat(path: Path) -> stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _read_lines(path: Path, offset: int, limit: int) -> tuple[tuple[bytes, ...], int]:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(limit)
    end = data.rfind(b"\n") + 1
    if not end:  # half a line: wait; a line longer than the limit: skip what was read of it
        return (), offset + (len(data) if len(data) == limit else 0)
    return tuple(data[: end - 1].split(b"\n")), offset + end


def _read_rest(path: Path, offset: int) -> bytes:
    """Return what stands after the last newline of a file nobody writes to any more."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_LIMIT_BYTES).rstrip(b"\n")
    except FileNotFoundError:
        return b""
