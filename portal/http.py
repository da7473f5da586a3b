"""What every view needs: rendering a page or its fragment, where a request comes from, safe redirects."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render `template`, or only `fragment` of it when htmx asks for a part of the page."""
    chosen = fragment if fragment and wants_fragment(request) else template
    response = render(request, chosen, context or {}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def wants_fragment(request: HttpRequest) -> bool:
    """Return whether htmx asks for a part; boosted links and restored history want whole pages."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def wants_json(request: HttpRequest) -> bool:
    """Return whether the caller is a program: it accepts JSON and does not accept HTML."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("json" in accept and "html" not in accept)


def client_ip(request: HttpRequest) -> str:
    """Return the address that our own nginx saw, or "127.0.0.1" without one.

    nginx appends what it saw to X-Forwarded-For, so only the last entry is to be believed.
    """
    seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    for candidate in (seen, request.META.get("REMOTE_ADDR", "")):
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    return "127.0.0.1"


def safe_next(wanted: str | None, default: str = "/") -> str:
    """Return `wanted` when it is a path of this site, else `default`.

    Other hosts, schemes, `//host`, backslashes and control characters are refused.
    """
    if not wanted or not wanted.startswith("/"):
        return default
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in wanted):
        return default
    parts = urlsplit(wanted)
    if parts.netloc or parts.scheme or not url_has_allowed_host_and_scheme(wanted, None):
        return default
    return wanted


def url_or_blank(name: str, *args: int) -> str:
    """Return the address of a named page; empty when this installation has no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
