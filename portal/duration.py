"""Lengths of time in words; Django's own catalogue lacks them in Vietnamese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.timesince import timesince
from django.utils.translation import ngettext_lazy

if TYPE_CHECKING:
    from datetime import datetime

WORDS = {
    "year": ngettext_lazy("%(num)d year", "%(num)d years", "num"),
    "month": ngettext_lazy("%(num)d month", "%(num)d months", "num"),
    "week": ngettext_lazy("%(num)d week", "%(num)d weeks", "num"),
    "day": ngettext_lazy("%(num)d day", "%(num)d days", "num"),
    "hour": ngettext_lazy("%(num)d hour", "%(num)d hours", "num"),
    "minute": ngettext_lazy("%(num)d minute", "%(num)d minutes", "num"),
}


def since(moment: datetime) -> str:
    """Return how much time has passed, in one unit: «4 minutes», «2 days»."""
    return timesince(moment, time_strings=WORDS, depth=1)  # type: ignore[arg-type]  # lazy, as Django's own
