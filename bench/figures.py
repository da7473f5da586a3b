"""Figures: a name that stays stable, a value with its unit, the goal, and what stands beside it."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `goal` reads "<= 8"; `beside` is {"what": "imap floor", "value": 0.3}."""

    name: str
    value: float
    unit: str
    goal: str = ""
    beside: dict[str, Any] | None = None

    @property
    def is_met(self) -> bool:
        """Whether the value reaches the goal; True where there is none."""
        if not self.goal:
            return True
        sign, number = self.goal.split()
        return self.value <= float(number) if sign == "<=" else self.value >= float(number)


def timed(action: Callable[[], object], *, runs: int, warm: int = 3) -> list[float]:
    """Return the milliseconds of `runs` calls, after `warm` calls that do not count."""
    for _ in range(warm):
        action()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def p50(values: list[float]) -> float:
    """Return the median."""
    return round(statistics.median(values), 2)


def p95(values: list[float]) -> float:
    """Return the value that 19 of 20 do not pass."""
    return round(sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)], 2)


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    release = dict(
        line.split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines()
        if "=" in line
    )
    return {
        "cores": os.cpu_count(),
        "system": release.get("PRETTY_NAME", "").strip('"'),
        "python": platform.python_version(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def report(bench: str, measured: Iterable[Figure], file: Path | None) -> None:
    """Print the figures, missed goals first, and write them to `file` where one is named.

    Each also goes to standard error as soon as it is known: a long run that breaks has said those.
    """
    figures = []
    for figure in measured:
        print(_line(bench, figure), file=sys.stderr)
        figures.append(figure)
    for figure in sorted(figures, key=lambda f: f.is_met):
        print(_line(bench, figure))
    if file is not None:
        known = json.loads(file.read_text()) if file.exists() else []
        known = known if isinstance(known, list) else [known]
        known = [entry for entry in known if entry["bench"] != bench]
        known.append(
            {"bench": bench, "machine": machine(), "figures": [asdict(f) for f in figures]}
        )
        file.write_text(
            json.dumps(known if len(known) > 1 else known[0], indent=2, ensure_ascii=False) + "\n"
        )


def _line(bench: str, figure: Figure) -> str:
    beside = f"   beside {figure.beside['what']} {figure.beside['value']}" if figure.beside else ""
    goal = f"   goal {figure.goal}" if figure.goal else ""
    mark = "" if figure.is_met else "   MISSED"
    return f"{bench:8} {figure.name:34} {figure.value:>10} {figure.unit}{goal}{mark}{beside}"
