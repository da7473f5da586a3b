"""Where people arrive: each is sent to what he may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.http import PersonRequest, person_required
from accounts.selectors import holds_role, owns_mailbox, tenants_of
from portal.errors import Forbidden

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_GET
@person_required
def home(request: PersonRequest) -> HttpResponse:
    """Send mailbox owners to their mail, admins without a mailbox to the portal."""
    if owns_mailbox(request.user):
        return redirect("/mail/")
    if holds_role(request.user):
        return redirect("accounts:portal")
    return redirect("accounts:profile")


@require_GET
@person_required
def portal(request: PersonRequest) -> HttpResponse:
    """Send to the highest tenant the person holds a role in."""
    places = tenants_of(request.user)
    if not places:
        raise Forbidden(_("You hold no administrator's role. Your mail is under Mail."))
    return redirect("accounts:dashboard", places[0].pk)
