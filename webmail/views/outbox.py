"""The outbox: where one's letters are, and the buttons to stop, hasten or write them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from delivery.selectors import outgoing_of, submission_of
from delivery.services.dismiss import dismiss
from delivery.services.retry_now import retry_now
from delivery.words import standing
from portal.http import page, wants_fragment, wants_json
from webmail.identity import MailIdentity
from webmail.selectors.mailboxes import storage_of
from webmail.selectors.pages import outbox_column
from webmail.services.undo_send import undo_send
from webmail.views.access import mailbox_view

if TYPE_CHECKING:
    from accounts.http import PersonRequest


@never_cache
@require_GET
@mailbox_view
def outbox(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Show what needs a decision, what waits, and what left in the last days."""
    found = outgoing_of(identity.mailbox_id)
    context = {
        "identity": identity,
        "to_decide": [standing(row) for row in found.to_decide],
        "waiting": [standing(row) for row in found.waiting],
        "done": [standing(row) for row in found.done],
    }
    if not wants_fragment(request):
        context["screen"] = screen = outbox_column(identity)
        context["mail_unread"] = screen.folders.inbox_unread
        context["storage"] = storage_of(identity)
    return page(request, "webmail/outbox.html", context, fragment="webmail/_outgoing.html")


@never_cache
@require_GET
@mailbox_view
def outbox_toast(
    request: PersonRequest, identity: MailIdentity, submission_id: int
) -> HttpResponse:
    """Show the toast of a letter just sent: Undo while it is held, View always."""
    row = standing(submission_of(identity.mailbox_id, submission_id))
    return page(request, "webmail/_sent_toast.html", {"identity": identity, "row": row})


@require_POST
@mailbox_view
def outbox_undo(request: PersonRequest, identity: MailIdentity, submission_id: int) -> HttpResponse:
    """Take a letter back and go on writing it."""
    submission = submission_of(identity.mailbox_id, submission_id)
    undo_send(submission)
    return _go(
        request,
        f"{reverse('webmail:compose', args=[identity.mailbox_id])}?again={submission.pk}",
    )


@require_POST
@mailbox_view
def outbox_cancel(
    request: PersonRequest, identity: MailIdentity, submission_id: int
) -> HttpResponse:
    """Take a letter back; it lies in Drafts."""
    undo_send(submission_of(identity.mailbox_id, submission_id))
    messages.success(request, _("It will not be sent. You find it in Drafts."))
    return _go(request, _outbox(identity))


@require_POST
@mailbox_view
def outbox_retry(
    request: PersonRequest, identity: MailIdentity, submission_id: int
) -> HttpResponse:
    """Let a letter go now."""
    retry_now(submission_of(identity.mailbox_id, submission_id))
    return _go(request, _outbox(identity))


@require_POST
@mailbox_view
def outbox_dismiss(
    request: PersonRequest, identity: MailIdentity, submission_id: int
) -> HttpResponse:
    """Take a failure off the list."""
    dismiss(submission_of(identity.mailbox_id, submission_id))
    return _go(request, _outbox(identity))


def _outbox(identity: MailIdentity) -> str:
    return reverse("webmail:outbox", args=[identity.mailbox_id])


def _go(request: PersonRequest, url: str) -> HttpResponse:
    """Go on to `url`; scripts are told where that is."""
    if wants_json(request):
        return JsonResponse({"address": url})
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
