"""Suggestions of the recipient fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from portal.http import page
from webmail.identity import MailIdentity
from webmail.message.address import Address
from webmail.message.writing import shown
from webmail.selectors.people import suggestions
from webmail.views.access import mailbox_view

if TYPE_CHECKING:
    from accounts.http import PersonRequest


@require_GET
@mailbox_view
def people(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """List whom `q` may mean, as the options of a listbox."""
    part = request.GET.get("q", "")
    found = [
        (person, shown(Address(person.name, person.email)))
        for person in suggestions(identity, part)
    ]
    response = page(request, "webmail/_autocomplete.html", {"people": found, "part": part})
    response["Cache-Control"] = "private, max-age=30"
    return response
