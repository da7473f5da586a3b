"""Lets people into their own mailboxes, and says in words when the mail store does not answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from accounts.http import PersonRequest, person_required
from portal.http import wants_fragment, wants_json
from webmail.errors import MailUnavailable, OnlyReading
from webmail.identity import MailIdentity
from webmail.selectors.mailboxes import OpenMailboxes

P = ParamSpec("P")
MailView = Callable[Concatenate[PersonRequest, MailIdentity, P], HttpResponseBase]


def mailbox_view(
    view: Callable[Concatenate[PersonRequest, MailIdentity, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Give the view the identity for `mailbox_id`; a mailbox of somebody else does not exist."""

    @person_required  # type: ignore[arg-type]  # the identity takes the place of mailbox_id
    @wraps(view)
    def inner(
        request: PersonRequest, mailbox_id: int, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        mailboxes = OpenMailboxes(request.user)
        identity = mailboxes.get(mailbox_id)
        if not identity.may_write and request.method not in {"GET", "HEAD"}:
            raise OnlyReading(detail=f"grant {identity.grant_id}")
        request.mailboxes = SimpleLazyObject(  # type: ignore[attr-defined]  # for the switcher
            lambda: mailboxes.all
        )
        try:
            response = view(request, identity, *args, **kwargs)
        except MailUnavailable as exc:
            if wants_json(request) or wants_fragment(request) or request.method != "GET":
                raise
            response = unavailable(request, identity, exc)
        return response  # type: ignore[return-value]  # a streaming answer is one as well

    return inner


def unavailable(
    request: HttpRequest, identity: MailIdentity, error: MailUnavailable
) -> HttpResponse:
    """Return the page that says what does not answer; it looks again by itself."""
    response = render(
        request,
        "webmail/unavailable.html",
        {"identity": identity, "message": error.message},
        status=error.status,
    )
    response["Cache-Control"] = "no-store"
    response["Retry-After"] = "5"
    return response
