"""Which domains somebody's role covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import TenantRequest, permission
from accounts.roles import SCOPED_ROLES, Action, Role
from accounts.selectors import person_of, roles_in
from domains.forms import ScopeForm
from domains.names import show_domain
from domains.selectors import domains_of
from domains.services.set_scope import set_scope
from portal.errors import NotFound
from portal.forms import attempt
from portal.http import page
from portal.paging import paged

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.PEOPLE_CHANGE)
def person_scope(request: TenantRequest, tenant_id: int, person_id: int, role: str) -> HttpResponse:
    """Choose all domains of the company or some of them."""
    person = person_of(request.tenant, person_id)
    held = {membership.role: membership for membership in roles_in(person, request.tenant)}
    if role not in held or Role(role) not in SCOPED_ROLES:
        raise NotFound
    now = set(held[role].scopes.values_list("domain_id", flat=True))
    form = ScopeForm(
        request.POST or None, initial={"which": "some" if held[role].is_scoped else "all"}
    )
    if form.is_valid():
        saved = attempt(
            form,
            set_scope,
            actor=request.actor,
            tenant=request.tenant,
            person=person,
            role=Role(role),
            domain_ids=form.chosen(now),
        )
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect("accounts:person-detail", tenant_id, person_id)
    shown = paged(domains_of(request.tenant), request.GET)
    context = {
        "here": "people",
        "person_shown": person,
        "role": Role(role),
        "form": form,
        "page": shown,
        "rows": [(domain.pk, show_domain(domain.name), domain.pk in now) for domain in shown.rows],
    }
    return page(request, "domains/person_scope.html", context, status=422 if form.errors else 200)
