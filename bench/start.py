"""First and second start, and the memory of the whole stack; on this machine or in a bare root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench.figures import Figure

SKIPPED = shutil.ignore_patterns(
    ".venv", "var", "node_modules", ".git", "__pycache__", ".mypy_cache", ".ruff_cache"
)


def measure(root: Path, port: int, debian: str | None) -> list[Figure]:
    """Return the seconds of a first and a second start and the megabytes while running."""
    if debian is not None:
        return _in_bare_root(root, port, debian)
    data = Path(tempfile.mkdtemp(prefix="hopthu-start."))
    data.chmod(0o755)
    start = ["bin/start", "--data", str(data), "--port", str(port), "--background"]
    stop = ["bin/stop", "--data", str(data)]
    try:
        first = _seconds(start, root)
        memory = _memory(data)
        subprocess.run(stop, cwd=root, check=True, stdout=subprocess.DEVNULL)
        second = _seconds(start, root)
        stopping = _seconds(stop, root)
    finally:
        subprocess.run(stop, cwd=root, check=False, capture_output=True)
        shutil.rmtree(data, ignore_errors=True)
    return [
        Figure("first_start", first, "s", "<= 120"),
        Figure("second_start", second, "s", "<= 5"),
        Figure("stop", stopping, "s", "<= 10"),
        Figure("memory", memory, "MB"),
    ]


def _seconds(command: list[str], where: Path) -> float:
    begun = time.monotonic()
    subprocess.run(command, cwd=where, check=True, stdout=subprocess.DEVNULL)
    return round(time.monotonic() - begun, 1)


def _memory(data: Path) -> float:
    """Sum the proportional set size of the supervisor's whole tree, in megabytes."""
    pid = int((data / "stack.pid").read_text())
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (entry / "stat").exists():
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    waiting, total = [pid], 0
    while waiting:
        current = waiting.pop()
        waiting += children.get(current, [])
        for line in (Path("/proc") / str(current) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return round(total / 1024, 1)


def _in_bare_root(root: Path, port: int, debian: str) -> list[Figure]:
    place = Path(tempfile.mkdtemp(prefix=f"hopthu-{debian}."))
    try:
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", debian, str(place)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        subprocess.run(["mount", "--bind", str(place), str(place)], check=True)
        for name in ("proc", "sys", "dev"):
            subprocess.run(["mount", "--rbind", f"/{name}", str(place / name)], check=True)
            subprocess.run(["mount", "--make-rslave", str(place / name)], check=True)
        _lend_settings(place, debian)
        shutil.copytree(root, place / "opt/hopthu", ignore=SKIPPED)
        inside = ["chroot", str(place), "/bin/sh", "-c"]
        command = f"cd /opt/hopthu && bin/start --port {port} --background"
        first = _seconds([*inside, command], place)
        subprocess.run(
            [*inside, "cd /opt/hopthu && bin/stop"], check=True, stdout=subprocess.DEVNULL
        )
        second = _seconds([*inside, command], place)
        subprocess.run(
            [*inside, "cd /opt/hopthu && bin/stop"], check=True, stdout=subprocess.DEVNULL
        )
    finally:
        subprocess.run(["umount", "-R", "-l", str(place)], check=False)
        shutil.rmtree(place, ignore_errors=True)
    return [
        Figure(f"first_start_bare_{debian}", first, "s", "<= 120"),
        Figure(f"second_start_bare_{debian}", second, "s", "<= 5"),
    ]


def _lend_settings(place: Path, debian: str) -> None:
    """Give the bare root this machine's way to its package indexes: names, certificates, proxies."""
    for name in (
        "/etc/resolv.conf",
        "/etc/hosts",
        "/etc/pip.conf",
        "/etc/ssl/certs/ca-certificates.crt",
    ):
        if Path(name).exists():
            (place / name[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, place / name[1:])
    for conf in Path("/etc/apt/apt.conf.d").glob("99*"):
        shutil.copy(conf, place / "etc/apt/apt.conf.d")
    (place / "etc/apt/sources.list").write_text(
        f"deb http://deb.debian.org/debian {debian} main\n"
        f"deb http://deb.debian.org/debian {debian}-updates main\n"
        f"deb http://deb.debian.org/debian-security {debian}-security main\n"
    )
    for link in (value for key, value in os.environ.items() if key == "PIP_FIND_LINKS"):
        if Path(link).is_dir():
            (place / link[1:]).mkdir(parents=True, exist_ok=True)
