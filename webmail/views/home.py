"""The way in: straight to the inbox of one's mailbox, or a choice among several."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from accounts.http import PersonRequest, person_required
from portal.http import page
from webmail.identity import MailIdentity, folder_id
from webmail.selectors.mailboxes import OpenMailboxes
from webmail.views.access import mailbox_view


@require_GET
@person_required
def home(request: PersonRequest) -> HttpResponse:
    """Go on to the inbox of one's own mailbox; with several of them, or none, say so."""
    mailboxes = OpenMailboxes(request.user).all
    own = [one for one in mailboxes if not one.is_shared] or mailboxes
    if len(own) == 1:
        return redirect("webmail:folder", own[0].mailbox_id, folder_id("INBOX"))
    return page(request, "webmail/choose.html", {"mailboxes": mailboxes})


@require_GET
@mailbox_view
def mailbox(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Go on to the inbox of one mailbox."""
    return redirect("webmail:folder", identity.mailbox_id, folder_id("INBOX"))
