"""Errors are told as a page, a toast or a problem, and never by a stack trace."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from portal.errors import Conflict, Forbidden, LimitReached, NotFound, PortalError, Unavailable

if TYPE_CHECKING:
    from pytest_django import Settings

handler400 = "portal.views.bad_request"
handler403 = "portal.views.permission_denied"
handler404 = "portal.views.page_not_found"
handler500 = "portal.views.server_error"


class Teapot(PortalError):
    """A refusal with words of its own."""

    status = 418
    code = "teapot"
    default_message = "I am a <b>teapot</b>."


RAISED: dict[str, Exception] = {
    "teapot": Teapot(detail="secret detail"),
    "notfound": NotFound(),
    "forbidden": Forbidden(),
    "conflict": Conflict(),
    "limit": LimitReached(),
    "unavailable": Unavailable(),
    "http404": Http404("secret detail"),
    "suspicious": SuspiciousOperation("secret detail"),
    "database": OperationalError("secret detail"),
    "bug": RuntimeError("secret detail"),
}


def raising(request: HttpRequest, name: str) -> HttpResponse:
    """Raise what the path names."""
    raise RAISED[name]


urlpatterns = [path("raise/<str:name>/", raising), path("", include("portal.urls"))]


@pytest.fixture
def visitor(settings: Settings) -> Client:
    """A visitor of a site where paths raise errors."""
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


STATUS = {
    "teapot": 418,
    "notfound": 404,
    "forbidden": 403,
    "conflict": 409,
    "limit": 409,
    "unavailable": 503,
    "http404": 404,
    "suspicious": 400,
    "database": 503,
    "bug": 500,
}


@pytest.mark.parametrize("name", RAISED)
def test_a_person_gets_a_page_with_a_reference(visitor: Client, name: str) -> None:
    answer = visitor.get(f"/raise/{name}/")
    text = answer.content.decode()
    assert answer.status_code == STATUS[name]
    assert "<h1>" in text
    assert "secret detail" not in text
    assert answer["X-Request-ID"] in text
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", RAISED)
def test_htmx_gets_a_toast(visitor: Client, name: str) -> None:
    answer = visitor.get(f"/raise/{name}/", headers={"HX-Request": "true"})
    assert answer.status_code == STATUS[name]
    assert answer["HX-Retarget"] == "#toasts"
    assert 'class="toast toast--danger"' in answer.content.decode()
    assert "<html" not in answer.content.decode()


@pytest.mark.parametrize("name", RAISED)
def test_a_program_gets_a_problem(visitor: Client, name: str) -> None:
    answer = visitor.get(f"/raise/{name}/", headers={"Accept": "application/json"})
    problem = json.loads(answer.content)
    assert answer["Content-Type"] == "application/problem+json"
    assert (problem["status"], problem["instance"]) == (STATUS[name], f"/raise/{name}/")
    assert "secret detail" not in answer.content.decode()


def test_the_words_are_escaped(visitor: Client) -> None:
    assert "&lt;b&gt;teapot" in visitor.get("/raise/teapot/").content.decode()


def test_a_path_is_not_echoed_as_html(visitor: Client) -> None:
    text = visitor.get("/<script>alert(1)</script>/").content.decode()
    assert "<script>alert" not in text


def test_a_boosted_link_gets_the_whole_page(visitor: Client) -> None:
    answer = visitor.get("/raise/bug/", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert "<html" in answer.content.decode()


def test_the_error_pages_speak_the_visitors_language(visitor: Client) -> None:
    answer = visitor.get("/raise/bug/", headers={"Accept-Language": "vi"})
    assert '<html lang="vi"' in answer.content.decode()


def test_a_dead_database_is_told_in_words_and_soon(settings: Settings) -> None:
    """A session cannot be read: still a page, within two seconds."""
    from django.db import connections
    from django.db.backends.base.base import BaseDatabaseWrapper

    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    original = BaseDatabaseWrapper.ensure_connection

    def refuse(self: BaseDatabaseWrapper) -> None:
        raise OperationalError("connection refused")

    connections["default"].close()
    BaseDatabaseWrapper.ensure_connection = refuse  # type: ignore[method-assign]  # a dead server
    try:
        begun = time.monotonic()
        answer = client.get("/settings/profile/")
    finally:
        BaseDatabaseWrapper.ensure_connection = original  # type: ignore[method-assign]  # alive again
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "database does not answer" in answer.content.decode()
    assert time.monotonic() - begun < 2
