"""`manage.py doctor`: says what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from mailserver.doctor import Level, examine
from portal.config import stack

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = (
        "Look at every part of the installation in --data and say what is wrong and what to do. "
        "Exit code 1 when something is bad."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bad", action="store_true", help="Leave out what is well.")

    def handle(self, *args: Any, **options: Any) -> None:
        worst = False
        for found in examine(stack()):
            worst = worst or found.level is Level.BAD
            if found.level is Level.GOOD and options["bad"]:
                continue
            self.stdout.write(f"{found.level:<5}{found.part:<13}{found.words}")
            if found.remedy:
                self.stdout.write(f"{'':18}→ {found.remedy}")
        if worst:
            sys.exit(1)
