"""Why an installation cannot start, in one sentence that says what to do."""

from __future__ import annotations


class CannotStart(Exception):
    """The text is printed as it is; it names the cause and the way out."""
