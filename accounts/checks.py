"""System checks: settings that name functions of other rooms must name existing ones."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


@register()
def rooms_of_the_overview_exist(**_options: Any) -> list[CheckMessage]:
    """Report every dotted name in OVERVIEW that cannot be imported."""
    found: list[CheckMessage] = []
    for dotted in settings.OVERVIEW:
        try:
            import_string(dotted)
        except ImportError as exc:
            found.append(
                Error(
                    f"OVERVIEW names {dotted}, which cannot be imported: {exc}",
                    hint="Each entry is a function (tenant, actor) -> Overview.",
                    id="accounts.E001",
                )
            )
    return found
