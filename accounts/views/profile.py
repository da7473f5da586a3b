"""One's own name, language, time zone, theme and password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.http import PersonRequest, person_required
from portal.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse


@person_required
def profile(request: PersonRequest) -> HttpResponse:
    """Show and change one's own profile."""
    return page(request, "accounts/profile.html", {"here": "profile"})


@person_required
def password(request: PersonRequest) -> HttpResponse:
    """Change one's own password, with the current one."""
    return page(request, "accounts/password.html", {"here": "password"})
