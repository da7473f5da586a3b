"""The pages behind a one-time link: come in, or choose a new password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.adapter import sign_in, sign_out
from accounts.forms import AcceptForm, ChoosePasswordForm
from accounts.http import own_actor
from accounts.selectors import invitation_by_hash, person_by_login
from accounts.services.accept_invitation import (
    accept_invitation,
    choose_password,
    join_by_invitation,
)
from accounts.services.invite_person import hash_of
from portal.forms import attempt
from portal.http import client_ip, page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.models import Invitation, User


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link is for and do it on POST. A used or old link says so."""
    found = invitation_by_hash(hash_of(token))
    if found.user is not None:
        response = _password(request, found)
    elif (known := person_by_login(found.email)) is not None:
        response = _join(request, found, known)
    else:
        response = _accept(request, found)
    # The address is the secret. "no-referrer" would make the form come with "Origin: null".
    response["Referrer-Policy"] = "strict-origin"
    return response


def _accept(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = AcceptForm(request.POST or None, initial={"name": found.name})
    if form.is_valid():
        person = attempt(
            form,
            accept_invitation,
            invitation=found,
            ip=client_ip(request),
            language=get_language() or "",
            **form.cleaned_data,
        )
        if person is not None:
            return _enter(request, person)
    return _page(request, found, form)


def _password(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = ChoosePasswordForm(request.POST or None)
    if form.is_valid():
        person = attempt(
            form,
            choose_password,
            invitation=found,
            ip=client_ip(request),
            **form.cleaned_data,
        )
        if person is not None:
            return _enter(request, person)
    return _page(request, found, form)


def _join(request: HttpRequest, found: Invitation, known: User) -> HttpResponse:
    is_him = request.user.is_authenticated and request.user.pk == known.pk
    if is_him and request.method == "POST":
        join_by_invitation(actor=own_actor(request, known), invitation=found)
        return redirect("accounts:dashboard", found.tenant_id)
    context = {"invitation": found, "known": known, "is_him": is_him}
    return page(request, "accounts/invitation_join.html", context)


def _page(
    request: HttpRequest, found: Invitation, form: AcceptForm | ChoosePasswordForm
) -> HttpResponse:
    context = {"invitation": found, "form": form}
    return page(request, "accounts/invitation.html", context, status=422 if form.errors else 200)


def _enter(request: HttpRequest, person: User) -> HttpResponse:
    if request.user.is_authenticated:
        sign_out(request)  # somebody else's session on this device must not go on
    return sign_in(request, person, next_url="/", method="invitation")
