"""`manage.py agent`: the one root process that obeys rows; supervisor runs it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailserver.agent import run
from mailserver.errors import MailserverError


class Command(BaseCommand):
    help = "Carry out what rows ask of the mail daemons, until SIGTERM. Runs as root."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run()
        except MailserverError as exc:
            raise CommandError(exc.detail) from exc
