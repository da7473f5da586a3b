"""Somebody leaves: the plan before it happens, and its progress afterwards, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from domains.forms import LeaverForm
from domains.models import MailboxStatus
from domains.selectors import (
    departure_of,
    groups_left_of,
    mailbox_of,
    mailbox_rows,
    sign_ins_of,
    steps_of,
)
from domains.services.plan_departure import cancel_departure, draft_departure, plan_departure
from portal.forms import attempt
from portal.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.MAILBOX_DELETE)
def mailbox_leaver(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Ask, show the plan, and begin only when exactly it is confirmed; later show how far it is."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    departure = departure_of(mailbox)
    programs = sum(one.service in {"imap", "pop3"} for one in sign_ins_of(mailbox))
    context = {
        "here": "mailboxes",
        "mailbox": mailbox,
        "row": mailbox_rows([mailbox])[0],
        "departure": departure,
        "is_deleting": mailbox.status == MailboxStatus.DELETING,
    }
    if departure is not None:
        groups = groups_left_of(departure)
        steps = steps_of(
            departure, programs=programs, groups=groups, domain_ids=request.actor.domain_ids
        )
        return page(request, "domains/mailbox_leaver.html", context | {"steps": steps})
    form = LeaverForm(request.POST or None, initial={"leave_groups": True})
    if form.is_valid():
        draft = attempt(
            form, draft_departure, actor=request.actor, mailbox=mailbox, wishes=form.wishes
        )
        groups = groups_left_of(draft) if draft is not None else []
        digest = form.digest(groups)
        if draft is not None and request.POST.get("confirmed") == digest:
            if attempt(
                form, plan_departure, actor=request.actor, mailbox=mailbox, wishes=form.wishes
            ):
                messages.success(request, _("The plan is set. Here you see how far it is."))
                return redirect("domains:mailbox-leaver", tenant_id, mailbox_id)
        elif draft is not None:
            steps = steps_of(
                draft, programs=programs, groups=groups, domain_ids=request.actor.domain_ids
            )
            context |= {"draft": draft, "digest": digest, "steps": steps}
    return page(
        request,
        "domains/mailbox_leaver.html",
        context | {"form": form},
        status=422 if form.errors else 200,
    )


@require_POST
@permission(Action.MAILBOX_DELETE)
def mailbox_leaver_undo(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Bring everything back as it was."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    if lost := cancel_departure(actor=request.actor, mailbox=mailbox):
        words = ngettext(
            "Everything is as it was before the plan, except for %(n)d group: it is gone or full, "
            "or mail would go in circles.",
            "Everything is as it was before the plan, except for %(n)d groups: they are gone or "
            "full, or mail would go in circles.",
            lost,
        )
        messages.warning(request, words % {"n": lost})
    else:
        messages.success(request, _("Everything is as it was before the plan."))
    return redirect("domains:mailbox-detail", tenant_id, mailbox_id)
