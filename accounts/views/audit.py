"""The audit log of a tenant, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET

from accounts.forms import AuditFilterForm
from accounts.http import TenantRequest, permission
from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import audit_rows, tenant_names
from accounts.views.audit_words import action_choices, told
from portal.http import page
from portal.paging import MOST_COUNTED, paged

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_GET
@permission(Action.AUDIT_VIEW)
def audit(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """List what happened, newest first, by actor, action, target and day."""
    form = AuditFilterForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    rows = audit_rows(
        request.tenant,
        query=wanted.get("q") or "",
        action=wanted.get("action") or "",
        since=wanted.get("since"),
        until=wanted.get("until"),
        below=bool(wanted.get("below")),
    )
    found = paged(rows, request.GET, at_most=MOST_COUNTED)
    names = tenant_names(event.tenant_id for event in found.rows) if wanted.get("below") else {}
    context = {
        "here": "audit",
        "page": found,
        "entries": [told(event, names.get(event.tenant_id, "")) for event in found.rows],
        "form": form,
        "actions": action_choices(),
        "filtered": any(wanted.get(name) for name in ("q", "action", "since", "until")),
        "has_below": request.tenant.kind != TenantKind.COMPANY,
    }
    return page(request, "accounts/audit.html", context, fragment="accounts/_audit.html")
