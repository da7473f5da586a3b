"""`manage.py agent`: the one root process that obeys rows; supervisor runs it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mailserver.agent import run


class Command(BaseCommand):
    help = "Carry out what rows ask of the mail daemons, until SIGTERM. Runs as root."

    def handle(self, *args: Any, **options: Any) -> None:
        run()
