"""The audit log of a tenant, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.forms import AuditFilterForm
from accounts.http import TenantRequest, permission
from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import audit_rows, tenant_names
from accounts.views.audit_words import action_choices, told
from portal.exports import batches, export, export_asked, moment_text
from portal.http import page
from portal.paging import MOST_COUNTED, paged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponseBase

    from accounts.models import AuditEvent
    from portal.sheets.writing import Cell


@require_GET
@permission(Action.AUDIT_VIEW)
def audit(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
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
    if export_asked(request):
        heads = (
            _("Time"),
            _("Tenant"),
            _("Who"),
            _("In the place of"),
            _("For"),
            _("What"),
            _("Target"),
            _("Changes"),
            _("From"),
        )
        return export(request, _("Audit log"), heads, _cells(rows))
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


def _cells(rows: QuerySet[AuditEvent]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        names = tenant_names(event.tenant_id for event in chunk)
        for event in chunk:
            entry = told(event, "")
            changes = "; ".join(f"{name}: {old} → {new}" for name, old, new in entry.changes)
            yield [
                moment_text(event.at),
                names.get(event.tenant_id, ""),
                entry.actor,
                entry.event.acting_as,
                event.acting_in,
                str(entry.deed),
                event.target_name,
                changes,
                event.ip or "",
            ]
