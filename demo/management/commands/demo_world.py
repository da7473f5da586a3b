"""`manage.py demo_world`: makes the demo world on a running stack; a second run changes nothing."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from demo.world import fill_mailboxes, make_world, publish_records, write_sign_ins


class Command(BaseCommand):
    help = "Make tenants, people, mailboxes and mail of the demo; print nothing when all is there."

    def handle(self, *args: object, **options: object) -> None:
        make_world()
        publish_records()
        write_sign_ins()
        stored = fill_mailboxes()
        if stored:
            self.stdout.write(f"Stored {stored} letters.")
