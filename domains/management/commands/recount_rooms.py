"""Mends the counters of storage and of what plans limit; the doctor finds wrong ones."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from domains.selectors import wrong_rooms, wrong_storage
from domains.services.recount_rooms import recount_rooms


class Command(BaseCommand):
    """Says which counters are wrong, and counts them anew."""

    help = "Count anew how much of their plans the tenants use; safe while everybody works."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Say what is wrong before it is mended."""
        for domain in wrong_storage():
            self.stdout.write(
                f"domain {domain.domain_id}, bytes: {domain.used}, should be {domain.found}"
            )
        for wrong in wrong_rooms():
            self.stdout.write(
                f"tenant {wrong.tenant_id}, {wrong.room}: {wrong.used}, should be {wrong.found}"
            )
        self.stdout.write(f"{recount_rooms()} counters were mended")
