"""The operator's page about the addresses mail is sent from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from domains.services.check_senders import request_sender_check, sender_report
from portal.config import stack
from portal.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_GET
@permission(Action.HEALTH_VIEW)
def sender_list(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Show each address with its names and what block lists say."""
    context = {"here": "senders", "report": sender_report(), "helo": stack().mail_hostname}
    return page(request, "domains/sender_list.html", context)


@require_POST
@permission(Action.HEALTH_VIEW)
def sender_check(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Look now."""
    request_sender_check(actor=request.actor)
    messages.success(request, _("The check has started. Load the page again in a moment."))
    return redirect("domains:sender-list", tenant_id)
