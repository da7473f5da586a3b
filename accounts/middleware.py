"""Shows every page in the signed-in person's language, time zone and theme."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone, translation

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from accounts.models import User


class PersonMiddleware:
    """Applies what the person chose, else what his tenant chose, else leaves the visitor's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Activate language and zone around the view; django's middleware above resets them."""
        if request.user.is_authenticated:
            self._apply(request, request.user)
        return self.get_response(request)

    def _apply(self, request: HttpRequest, user: User) -> None:
        by_cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        language = user.language or ("" if by_cookie else user.tenant.language)
        if language in dict(settings.LANGUAGES):
            translation.activate(language)
            request.LANGUAGE_CODE = language
        zone = user.timezone or user.tenant.timezone
        if zone:
            # a zone that a new tzdata no longer knows: the installation's stays
            with suppress(ZoneInfoNotFoundError, ValueError):
                timezone.activate(ZoneInfo(zone))
        request.theme = user.theme  # type: ignore[attr-defined]  # read by portal.context
