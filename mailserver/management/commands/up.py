"""`manage.py up`: makes the installation ready and runs it; bin/start calls it in its own mount namespace."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandParser

from mailserver.stack.errors import CannotStart
from mailserver.stack.start import Start

if TYPE_CHECKING:
    from types import FrameType


class Command(BaseCommand):
    help = "Prepare DATA and run every process of the stack. Called by bin/start."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, help="Web port; kept in DATA/stack.env.")
        parser.add_argument("--no-demo", action="store_true", help="Leave the demo world out.")
        parser.add_argument("--background", action="store_true", help="Return after Ready.")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)
        start = Start(say=self._say)
        try:
            start.prepare(port=options["port"], demo=False if options["no_demo"] else None)
            start.run(stays=not options["background"])
        except CannotStart as error:
            start.end()
            self.stderr.write(str(error))
            sys.exit(1)
        except OSError as error:
            start.end()
            self.stderr.write(
                f"{error.filename or 'A file'}: {error.strerror}. Repair that and start again."
            )
            sys.exit(1)
        except BaseException:
            start.end()
            raise
        if not options["background"]:
            start.stay()

    def _say(self, text: str) -> None:
        # whoever reads our words may have left; the stack stays
        with contextlib.suppress(BrokenPipeError):
            self.stdout.write(text)
            self.stdout.flush()


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
