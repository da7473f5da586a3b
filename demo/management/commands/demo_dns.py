"""`manage.py demo_dns`: edits the boxed DNS of a running stack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.box.records import NotChanged, publish, withdraw
from mailserver.stack.control import Control
from portal.config import stack


class Command(BaseCommand):
    help = "Set or delete records of the boxed DNS by RFC 2136, or make the server silent."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        put = verbs.add_parser("set", help="put VALUE in place of what NAME has of this TYPE")
        put.add_argument("name")
        put.add_argument("type")
        put.add_argument("value", nargs="+", help="as in a zone file; TXT may be given bare")
        remove = verbs.add_parser("delete", help="remove what NAME has of this TYPE, or all of it")
        remove.add_argument("name")
        remove.add_argument("type", nargs="?", default="")
        silence = verbs.add_parser("silence", help="answer nothing for SECONDS; 0 speaks again")
        silence.add_argument("seconds", type=float)

    def handle(self, *args: Any, **options: Any) -> None:
        if not stack().demo:
            raise CommandError("This stack runs without the boxed outside.")
        try:
            if options["verb"] == "set":
                publish(options["name"], options["type"], *options["value"])
            elif options["verb"] == "delete":
                withdraw(options["name"], options["type"])
            else:
                _silence(options["seconds"])
        except NotChanged as error:
            raise CommandError(str(error)) from error


def _silence(seconds: float) -> None:
    """Stop the server's process for a while; a process of its own lets it go on."""
    pids = [row["pid"] for row in Control(stack()).processes() if row["name"] == "knot"]
    if not pids or not pids[0]:
        raise CommandError("The boxed DNS server does not run.")
    os.kill(pids[0], signal.SIGCONT if seconds <= 0 else signal.SIGSTOP)
    if seconds > 0:
        words = "import os, signal, sys, time; time.sleep(float(sys.argv[2]));"
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", words + "os.kill(int(sys.argv[1]), signal.SIGCONT)",
             str(pids[0]), str(seconds)],
            start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
