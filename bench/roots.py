"""A bare Debian in a folder of its own, with a clean clone of the product inside."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CLONE = "opt/hopthu"
# This machine's way to the package indexes: names, certificates, pip's settings.
LENT = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/pip.conf",
    "/etc/ssl/certs/ca-certificates.crt",
)


@contextmanager
def bare_root(checkout: Path, debian: str) -> Iterator[Path]:
    """Make a minimal `debian` (bookworm, trixie) and remove it at the end, mounts first."""
    place = Path(tempfile.mkdtemp(prefix=f"hopthu-{debian}."))
    place.chmod(0o755)
    try:
        _run("debootstrap", "--variant=minbase", "--include=ca-certificates", debian, str(place))
        # bound to itself: inside, the stack may then have a mount namespace of its own
        _run("mount", "--bind", str(place), str(place))
        for name in ("proc", "sys", "dev"):
            _run("mount", "--rbind", f"/{name}", str(place / name))
            _run("mount", "--make-rslave", str(place / name))
        _lend(place, debian)
        _run("git", "-c", "safe.directory=*", "clone", "-q", str(checkout), str(place / CLONE))
        yield place
    finally:
        _remove(place)


def inside(place: Path, command: str) -> list[str]:
    """Return the words that run `command` in the clone of that root."""
    return ["chroot", str(place), "/bin/sh", "-c", f"cd /{CLONE} && {command}"]


def _lend(place: Path, debian: str) -> None:
    for name in LENT:
        if Path(name).exists():
            shutil.copy(name, place / name[1:])
    own = Path("/usr/local/share/ca-certificates")
    if own.is_dir():
        shutil.copytree(own, place / str(own)[1:], dirs_exist_ok=True)
    for conf in Path("/etc/apt/apt.conf.d").glob("99*"):
        shutil.copy(conf, place / "etc/apt/apt.conf.d")
    (place / "etc/apt/sources.list").write_text(
        f"deb http://deb.debian.org/debian {debian} main\n"
        f"deb http://deb.debian.org/debian {debian}-updates main\n"
        f"deb http://deb.debian.org/debian-security {debian}-security main\n"
    )


def _remove(place: Path) -> None:
    subprocess.run(["umount", "-R", "-l", str(place)], check=False, capture_output=True)
    if f" {place}" in Path("/proc/self/mountinfo").read_text():
        print(f"{place} is still mounted and stays: umount -R {place}")
        return
    _run("rm", "-rf", "--one-file-system", str(place))


def _run(*words: str) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
