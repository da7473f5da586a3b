"""Acting in the place of a customer's admin: beginning and ending it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import PersonRequest, TenantRequest, permission, person_required
from accounts.roles import Action
from accounts.selectors import person_of
from accounts.services.act_as import SESSION_KEY, start_acting_as

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_POST
@permission(Action.PERSON_ACT_AS)
def act_as(request: TenantRequest, tenant_id: int, person_id: int) -> HttpResponse:
    """Begin; the session remembers it for half an hour."""
    person = person_of(request.tenant, person_id)
    standing = start_acting_as(actor=request.actor, tenant=request.tenant, person=person)
    request.session[SESSION_KEY] = standing.stored()
    messages.success(
        request, _("You act in the place of %(person)s. The person is told.") % {"person": person}
    )
    return redirect("accounts:dashboard", tenant_id)


@require_POST
@person_required
def act_as_end(request: PersonRequest) -> HttpResponse:
    """Be oneself again. Ending what is over changes nothing."""
    kept = request.session.pop(SESSION_KEY, None)
    tenant_id = kept.get("tenant") if isinstance(kept, dict) else None
    if isinstance(tenant_id, int):
        return redirect("accounts:dashboard", tenant_id)
    return redirect("accounts:portal")
