"""Which host a request names, and whether the portal itself lives there."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*\Z"
)


def host_of(request: HttpRequest) -> str:
    """Return the host asked for, lower case, without port and trailing dot; empty when it is none.

    Read from the Host header alone: X-Forwarded-Host is never believed.
    """
    given = request.META.get("HTTP_HOST", request.META.get("SERVER_NAME", ""))
    host = str(given).strip().lower()
    if host.startswith("["):
        address, closed, _port = host.removeprefix("[").partition("]")
        return address if closed else ""
    host = host.partition(":")[0].removesuffix(".")
    return host if _NAME.match(host) else ""


def is_own(host: str) -> bool:
    """Return whether the portal answers under `host`: a name of the installation, or any address.

    An address in place of a name is no danger: links are made from the site's own address.
    """
    if host in settings.SITE_HOSTS:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
