"""First and second start, memory and a letter; on this machine or in a bare root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure
from bench.letters import try_mail
from bench.roots import CLONE, bare_root, inside

GOALS = {"first_start": "<= 120", "second_start": "<= 5", "stop": "<= 10"}


def measure(root: Path, port: int, debian: str | None) -> list[Figure]:
    """Return the seconds of a first and a second start, the memory, and what a letter took."""
    if debian is not None:
        with bare_root(root, debian) as place:
            return _in_bare_root(place, port, debian)
    data = Path(tempfile.mkdtemp(prefix="hopthu-start."))
    data.chmod(0o755)
    start = ["bin/start", "--data", str(data), "--port", str(port), "--background"]
    stop = ["bin/stop", "--data", str(data)]
    try:
        return _cycle([str(root / start[0]), *start[1:]], [str(root / stop[0]), *stop[1:]], data)
    finally:
        subprocess.run(stop, cwd=root, check=False, capture_output=True)
        shutil.rmtree(data, ignore_errors=True)


def _cycle(start: list[str], stop: list[str], data: Path) -> list[Figure]:
    """Start, send, stop, start again, stop."""
    figures = [_figure("first_start", _seconds(start))]
    figures += _weight(data)
    figures += try_mail(data)
    figures.append(_figure("stop", _seconds(stop)))
    figures.append(_figure("second_start", _seconds(start)))
    subprocess.run(stop, check=True, stdout=subprocess.DEVNULL)
    return figures


def _figure(name: str, seconds: float) -> Figure:
    return Figure(name, round(seconds, 1), "s", GOALS.get(name, ""))


def _seconds(command: list[str]) -> float:
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def _in_bare_root(place: Path, port: int, debian: str) -> list[Figure]:
    os.environ["PIP_LOG"] = "/tmp/pip.log"  # inside the root: it tells when downloads ended
    os.environ.pop("PIP_FIND_LINKS", None)  # a folder that the root does not have
    data = place / CLONE / "var"
    begun = datetime.now(UTC)
    try:
        figures = _cycle(
            inside(place, f"bin/start --port {port} --background"),
            inside(place, "bin/stop"),
            data,
        )
    finally:
        subprocess.run(inside(place, "bin/stop"), check=False, capture_output=True)
    figures += _parts(place, begun)
    return [Figure(f"{f.name}_bare_{debian}", f.value, f.unit, f.goal, f.beside) for f in figures]


def _parts(place: Path, begun: datetime) -> list[Figure]:
    """Return how the first start was spent, from what apt and pip wrote down."""
    apt = (place / "var/log/apt/term.log").read_text(errors="replace")
    unpacking, unpacked = (
        datetime.strptime(found, "%Y-%m-%d  %H:%M:%S").replace(tzinfo=UTC)
        for found in re.findall(r"^Log (?:started|ended): (.+)$", apt, re.MULTILINE)[-2:]
    )
    moments = re.findall(
        r"^(\S+),\d+ (Using pip|Installing collected|Successfully installed)",
        (place / "tmp/pip.log").read_text(errors="replace"),
        re.MULTILINE,
    )
    asked, fetched, installed = (
        datetime.fromisoformat(at).replace(tzinfo=UTC) for at, _ in moments[:3]
    )
    return [
        _figure("apt_downloads", (unpacking - begun).total_seconds()),
        _figure("apt_unpacks", (unpacked - unpacking).total_seconds()),
        _figure("pip_downloads", (fetched - asked).total_seconds()),
        _figure("pip_installs", (installed - fetched).total_seconds()),
    ]


def _weight(data: Path) -> list[Figure]:
    """Return memory (proportional set size) and CPU seconds of the supervisor's whole tree."""
    pid = int((data / "stack.pid").read_text())
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            children.setdefault(int(words[1]), []).append(int(entry.name))
            ticks[int(entry.name)] = sum(int(word) for word in words[11:15])
    waiting, kilobytes, count, spent = [pid], 0, 0, 0
    while waiting:
        current = waiting.pop()
        waiting += children.get(current, [])
        try:
            rollup = Path(f"/proc/{current}/smaps_rollup").read_text()
        except OSError:
            continue
        kilobytes += int(rollup.partition("\nPss:")[2].split()[0])
        spent += ticks[current]
        count += 1
    return [
        Figure("memory", round(kilobytes / 1024, 1), "MB"),
        Figure("processes", count, "count"),
        Figure("daemons_cpu", round(spent / os.sysconf("SC_CLK_TCK"), 1), "s"),
    ]
