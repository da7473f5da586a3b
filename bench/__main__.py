"""The command line of bin/bench: starts a throw-away stack, runs the named benchmarks, stops it."""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import report

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("start", "portal", "walls", "flow", "webmail")


def main() -> int:
    """Run what was asked for; exit 1 when a stack does not start."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; none: all"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--data", type=Path, help="measure the stack that runs in this folder")
    parser.add_argument(
        "--port", type=int, default=32600 - 500, help="web port of the throw-away stack"
    )
    parser.add_argument(
        "--root", choices=("bookworm", "trixie"), help="start: in a bare root of this Debian"
    )
    parser.add_argument("--quick", action="store_true", help="smaller folders and fewer runs")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    names = options.names or list(NAMES)
    if "start" in names:
        start = importlib.import_module("bench.start")
        report("start", start.measure(ROOT, options.port, options.root), options.json)
    names = [name for name in names if name != "start"]
    if not names:
        return 0
    scratch = None
    data = options.data
    if data is None:
        scratch = Path(tempfile.mkdtemp(prefix="hopthu-bench."))
        scratch.chmod(0o755)
        data = scratch
        subprocess.run(
            ["bin/start", "--data", str(data), "--port", str(options.port), "--background"],
            cwd=ROOT,
            check=True,
        )
    try:
        os.environ["HOPTHU_DATA"] = str(data.absolute())
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        import django

        django.setup()
        for name in names:
            report(
                name,
                importlib.import_module(f"bench.{name}").measure(quick=options.quick),
                options.json,
            )
    finally:
        if scratch is not None:
            subprocess.run(["bin/stop", "--data", str(scratch)], cwd=ROOT, check=False)
            shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
