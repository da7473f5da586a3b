"""Outgoing mail of a tenant: where it stands and what servers said; never subjects or texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from delivery.selectors import in_state, outgoing_within, submission_within
from delivery.services.cancel_as_admin import cancel_as_admin
from delivery.services.retry_as_admin import retry_as_admin
from delivery.words import standing
from portal.exports import batches, export, export_asked, moment_text
from portal.http import page, safe_next
from portal.paging import MOST_COUNTED, paged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponse, HttpResponseBase

    from delivery.models import Submission
    from portal.sheets.writing import Cell

FILTERS = ("", "waiting", "refused")


@require_GET
@permission(Action.TRACE_VIEW)
def outgoing_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List what waits and what left in the last days, newest first."""
    shown = request.GET.get("show", "")
    shown = shown if shown in FILTERS else ""
    if export_asked(request):
        heads = (_("Time"), _("From"), _("To"), _("State"), _("Note"), _("Server"))
        rows = in_state(outgoing_within(request.tenant), shown)
        return export(request, _("Outgoing mail"), heads, _cells(rows))
    found = paged(
        in_state(outgoing_within(request.tenant), shown), request.GET, at_most=MOST_COUNTED
    )
    context = {
        "here": "outgoing",
        "page": found,
        "rows": [standing(row) for row in found.rows],
        "shown": shown,
        "may_change": request.actor.may(Action.MAILBOX_CHANGE),
    }
    return page(request, "delivery/outgoing_list.html", context, fragment="delivery/_outgoing.html")


@require_POST
@permission(Action.MAILBOX_CHANGE)
def outgoing_retry(request: TenantRequest, tenant_id: int, submission_id: int) -> HttpResponse:
    """Let a waiting message go now."""
    retry_as_admin(request.actor, submission=submission_within(request.tenant, submission_id))
    messages.success(request, _("It is tried again now."))
    return redirect(_back(request))


@require_POST
@permission(Action.MAILBOX_CHANGE)
def outgoing_cancel(request: TenantRequest, tenant_id: int, submission_id: int) -> HttpResponse:
    """Take a waiting message back; its sender finds it in Drafts."""
    cancel_as_admin(request.actor, submission=submission_within(request.tenant, submission_id))
    messages.success(request, _("It will not be sent. The sender finds it in Drafts."))
    return redirect(_back(request))


def _back(request: TenantRequest) -> str:
    return safe_next(request.POST.get("next"), f"/portal/{request.tenant.pk}/outgoing/")


def _cells(rows: QuerySet[Submission]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for row in chunk:
            stands = standing(row)
            yield [
                moment_text(row.created_at),
                row.mail_from,
                " ".join(line.email for line in stands.recipients),
                str(stands.label),
                str(stands.words),
                stands.server_words,
            ]
