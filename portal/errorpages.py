"""One error, shown the way the caller reads: a page, a toast for htmx, or problem+json for programs."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from portal.context import frame
from portal.http import wants_fragment, wants_json
from portal.logs import request_id

if TYPE_CHECKING:
    from django.http import HttpRequest


def error_response(
    request: HttpRequest,
    status: int,
    *,
    message: str,
    code: str,
    title: str = "",
    with_person: bool = True,
) -> HttpResponse:
    """Return `message` with `status`; without `with_person` nothing is read from the database."""
    if wants_json(request):
        return JsonResponse(
            {
                "type": f"urn:hopthu:problem:{code}",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "detail": str(message),
                "instance": request.path,
                "request_id": request_id.get(),
            },
            status=status,
            content_type="application/problem+json",
        )
    context = {
        **frame(request),
        "status": status,
        "heading": title or _title(status),
        "message": message,
        "reference": request_id.get(),
    }
    if wants_fragment(request):
        response = HttpResponse(
            render_to_string("portal/_error_toast.html", context), status=status
        )
        response["HX-Retarget"] = "#toasts"
        response["HX-Reswap"] = "beforeend"
        response["HX-Reselect"] = ".toast"
    else:
        response = HttpResponse(
            render_to_string("portal/error.html", context, request if with_person else None),
            status=status,
        )
    patch_vary_headers(response, ["HX-Request", "Accept"])
    response["Cache-Control"] = "no-store"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = "5"
    return response


def _title(status: int) -> str:
    titles = {
        400: _("This request makes no sense to us"),
        403: _("Your role cannot open this"),
        404: _("There is no such page"),
        405: _("This page cannot be asked like that"),
        409: _("This does not fit what is there"),
        429: _("Too many attempts"),
        503: _("A part of the service does not answer"),
    }
    return titles.get(status) or _("Something went wrong on our side")
