"""`manage.py receiver`: takes Dovecot's events in and publishes them; supervisor runs it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mailserver.push.receiver import run


class Command(BaseCommand):
    help = "Receive Dovecot's folder events on the port after the web port, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        run()
