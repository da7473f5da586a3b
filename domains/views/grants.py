"""What others may do with a mailbox: open it where it is shared, send from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from domains.group_forms import GrantForm
from domains.selectors import grants_on, grants_to, mailbox_of
from domains.services.set_grant import set_grant, take_grant
from portal.forms import attempt
from portal.http import page
from portal.paging import paged

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.MAILBOX_VIEW)
def mailbox_grants(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Show who may open or send from the mailbox, and give it to one more."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    is_shared = mailbox.owner_id is None
    form = GrantForm(request.POST or None, is_shared=is_shared)
    if form.is_valid() and (
        attempt(
            form,
            set_grant,
            actor=request.actor,
            address=mailbox.address,
            grantee=form.cleaned_data["grantee"],
            access=form.cleaned_data.get("access", ""),
            sends=form.cleaned_data["sends"],
        )
        is not None
    ):
        messages.success(request, _("Saved."))
        return redirect("domains:mailbox-grants", tenant_id, mailbox_id)
    context = {
        "here": "mailboxes",
        "mailbox": mailbox,
        "is_shared": is_shared,
        "form": form,
        "grants": paged(grants_on(mailbox.address), request.GET),
        "given": paged(grants_to(mailbox, seen_by=request.tenant), request.GET, prefix="given-"),
        "may_change": request.actor.may(Action.MAILBOX_CHANGE),
    }
    return page(request, "domains/mailbox_grants.html", context, status=422 if form.errors else 200)


@require_POST
@permission(Action.MAILBOX_CHANGE)
def mailbox_grant_take(
    request: TenantRequest, tenant_id: int, mailbox_id: int, grant_id: int
) -> HttpResponse:
    """Take one grant away; open sessions end."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    grant = take_grant(actor=request.actor, address=mailbox.address, grant_id=grant_id)
    messages.success(
        request,
        _("%(address)s may not do this any more.") % {"address": grant.mailbox.address.email},
    )
    return redirect("domains:mailbox-grants", tenant_id, mailbox_id)
