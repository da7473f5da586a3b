"""The mail of a colleague who left, handed over to the person of this mailbox as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from domains.selectors import handed_file, mailbox_of_person
from domains.services.hand_over_mail import take_file
from portal.http import page
from webmail.views.access import mailbox_view
from webmail.views.downloading import disposition

if TYPE_CHECKING:
    from accounts.http import PersonRequest
    from webmail.identity import MailIdentity


@never_cache
@require_GET
@mailbox_view
def handed(request: PersonRequest, identity: MailIdentity, departure_id: int) -> HttpResponse:
    """Say whose mail it is and until when; members of a shared mailbox are not meant."""
    mailbox = mailbox_of_person(request.user, identity.mailbox_id)
    context = {"identity": identity, "departure": handed_file(mailbox, departure_id)}
    return page(request, "webmail/handed.html", context)


@never_cache
@require_GET
@mailbox_view
def handed_download(
    request: PersonRequest, identity: MailIdentity, departure_id: int
) -> HttpResponse:
    """Give the file; nginx sends it from the disk."""
    departure = handed_file(mailbox_of_person(request.user, identity.mailbox_id), departure_id)
    name = take_file(actor=request.actor, departure=departure)
    response = HttpResponse(content_type="application/zip")
    response["Content-Disposition"] = disposition(name)
    response["X-Accel-Redirect"] = f"/handed/{departure.pk}.zip"
    return response
