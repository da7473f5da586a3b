"""Verifies the audit trail: `manage.py verify_audit [--tenant ID] [--save FILE] [--against FILE]`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from accounts.services.verify_audit import Head, verify_audit

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Ends with an error when an entry was changed, removed or slipped in."""

    help = "Verify the hash chain of the audit trail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be given."""
        parser.add_argument("--tenant", type=int, help="only the trail of this tenant")
        parser.add_argument("--save", type=Path, help="write the heads of the chains down")
        parser.add_argument("--against", type=Path, help="heads written down earlier")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Walk the chains and say what was found."""
        kept = _read(options["against"]) if options["against"] else {}
        verdict = verify_audit(tenant_id=options["tenant"], kept=kept)
        for broken in verdict.breaks:
            self.stderr.write(
                f"tenant {broken.tenant_id}, entry {broken.number}"
                f" (event {broken.event_id}): {broken.what}"
            )
        if verdict.breaks:
            raise CommandError("the audit trail was tampered with")
        if options["save"]:
            heads = {str(key): [head.number, head.sha256] for key, head in verdict.heads.items()}
            options["save"].write_text(json.dumps(heads, indent=1) + "\n", encoding="utf-8")
        self.stdout.write(
            f"{verdict.checked} entries of {len(verdict.heads)} tenants hold together"
        )


def _read(path: Path) -> dict[int, Head]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {int(key): Head(int(number), str(sha)) for key, (number, sha) in found.items()}
    except (OSError, ValueError, AttributeError) as exc:
        raise CommandError(f"{path}: {exc}") from exc
