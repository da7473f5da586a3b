"""Sentences of Django that its own Vietnamese lacks.

Named here, they stand in our catalogue, which Django asks before its own.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy, ngettext_lazy

TOO_SHORT = ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
WORDS = (
    gettext_lazy("Null characters are not allowed."),
    gettext_lazy("Enter a valid UUID."),
)
