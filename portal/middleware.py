"""The outermost and the innermost layer around every view: request id, and errors in words."""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from portal.errorpages import error_response
from portal.errors import PortalError
from portal.hosts import host_of, is_own
from portal.logs import request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

logger = logging.getLogger(__name__)

_WELL_FORMED = re.compile(r"[0-9a-f]{16,32}")


class RequestContextMiddleware:
    """Names the request, for logs, the audit trail and the reference on error pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer inside the request's own id and the installation's time zone."""
        given = request.headers.get("X-Request-ID", "")
        name = given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(name)
        timezone.activate(ZoneInfo(settings.DISPLAY_TIME_ZONE))
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
            request_id.reset(token)
        response["X-Request-ID"] = name
        if not response.has_header("Cache-Control"):
            # Pages are one person's own; "no-cache" still lets the back button be instant.
            response["Cache-Control"] = "private, no-cache"
            patch_vary_headers(response, ["Cookie"])
        return response


class HostMiddleware:
    """Serves pages under the installation's own names, and nothing under foreign ones.

    Hosts whose first label `settings.HOST_URLCONFS` lists have a small address map of their own;
    every other name is answered with 421 (RFC 9110 section 15.5.20).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose the address map by the host."""
        host = host_of(request)
        if not is_own(host):
            label, _dot, rest = host.partition(".")
            urls = settings.HOST_URLCONFS.get(label)
            if not urls or not rest:
                return HttpResponse(
                    "This name is not served here.\n", "text/plain; charset=utf-8", status=421
                )
            request.urlconf = urls
        return self.get_response(request)


class ErrorMiddleware:
    """Turns a PortalError into the page, toast or problem that tells the person what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the answer to a PortalError; every other exception goes on to Django."""
        if not isinstance(exception, PortalError):
            return None
        logger.info(
            "refused",
            extra={
                "code": exception.code,
                "status": exception.status,
                "detail": exception.detail,
                # the pattern, not the path: the link of an invitation is a secret
                "route": request.resolver_match.route if request.resolver_match else "",
            },
        )
        return error_response(
            request,
            exception.status,
            message=str(exception.message),
            code=exception.code,
            title=str(exception.title),
        )
