"""Markup that templates write as it is: only the cleaners of this package make it."""

from __future__ import annotations

from html import escape


class CleanMarkup(str):
    """HTML made or washed by us. Django's autoescape leaves it alone because of `__html__`."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return itself, as template engines ask."""
        return str(self)


def escaped(text: str) -> str:
    """Return `text` fit for element content and quoted attributes."""
    return escape(text, quote=True)
