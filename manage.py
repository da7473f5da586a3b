#!/usr/bin/env python
"""Runs management commands; `--data DIR` names the stack they act on."""

from __future__ import annotations

import os
import sys


def main(argv: list[str]) -> None:
    """Take `--data DIR` out of the arguments, then hand over to Django."""
    for index, word in enumerate(argv):
        if word == "--data" and index + 1 < len(argv):
            os.environ["HOPTHU_DATA"] = os.path.abspath(argv[index + 1])
            del argv[index : index + 2]
            break
        if word.startswith("--data="):
            os.environ["HOPTHU_DATA"] = os.path.abspath(word.partition("=")[2])
            del argv[index]
            break
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)


if __name__ == "__main__":
    main(sys.argv)
