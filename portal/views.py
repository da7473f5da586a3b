"""Error pages, and the two choices every visitor has: language and theme."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.context import THEMES, theme_of
from portal.errorpages import error_response
from portal.http import safe_next

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

YEAR_SECONDS = 365 * 86400


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer 400."""
    message = _("Something in the address or the form is not as it should be. Please go back.")
    return error_response(request, 400, message=message, code="bad_request", with_person=False)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer 403."""
    message = _("Ask an admin of your company if you need it.")
    return error_response(request, 403, message=message, code="forbidden")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer 404."""
    message = _("What you opened was moved or deleted, or the address has a typing error.")
    return error_response(request, 404, message=message, code="not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 when the database is what does not answer. Reads nothing from it."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        message = _(
            "Our database does not answer right now. Nothing was lost: mail keeps arriving "
            "and waits for you. Please try again in a minute."
        )
        return error_response(request, 503, message=message, code="unavailable", with_person=False)
    message = _("The error was recorded. Please try again in a minute.")
    return error_response(request, 500, message=message, code="error", with_person=False)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose secret does not match: too old, or not from our page."""
    logger.info("csrf refused", extra={"reason": reason, "path": request.path})
    message = _(
        "This form was open for too long, or cookies are blocked in this browser. "
        "Go back, reload the page and send it again; what you typed is still there."
    )
    return error_response(
        request, 403, message=message, code="csrf", title=_("Please send this again")
    )


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language on this device, and for the person when signed in."""
    response = HttpResponseRedirect(safe_next(request.POST.get("next")))
    code = request.POST.get("language", "")
    if code in dict(settings.LANGUAGES) and check_for_language(code):
        if request.user.is_authenticated:
            request.user.language = code
            request.user.save(update_fields=["language"])
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=YEAR_SECONDS,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the system's; `toggle` turns to the other one.

    A script sends `Accept: text/plain` and needs no page back.
    """
    wanted = request.POST.get("theme", "")
    if wanted == "toggle":
        wanted = "light" if theme_of(request) == "dark" else "dark"
    chosen = wanted if wanted in THEMES else ""
    if request.user.is_authenticated:
        request.user.theme = chosen
        request.user.save(update_fields=["theme"])
    response: HttpResponse
    if request.headers.get("Accept") == "text/plain":
        response = HttpResponse(status=204)
    else:
        response = HttpResponseRedirect(safe_next(request.POST.get("next")))
    response.set_cookie(
        settings.THEME_COOKIE_NAME,
        chosen,
        max_age=YEAR_SECONDS,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response
