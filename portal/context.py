"""What every page's frame knows without asking the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, get_language_bidi

from portal.config import stack
from portal.logs import request_id

if TYPE_CHECKING:
    from django.http import HttpRequest

THEMES = ("light", "dark")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return brand, theme, languages, zone and the request's reference."""
    return {
        "brand": stack().brand,
        "theme": theme_of(request),
        "languages": settings.LANGUAGES,
        "LANGUAGE_CODE": get_language() or settings.LANGUAGE_CODE,
        "LANGUAGE_BIDI": get_language_bidi(),
        "display_zone": timezone.get_current_timezone(),
        "request_id": request_id.get(),
        "session_days": stack().session_days,
        "here_path": request.get_full_path(),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
    }


def theme_of(request: HttpRequest) -> str:
    """Return light or dark as the person chose, or empty for what the system says."""
    chosen = getattr(request, "theme", None)
    if chosen is None:
        chosen = request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
    return chosen if chosen in THEMES else ""
