"""Signing in and out, by allauth with our words around it, and the forgotten password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account import views as allauth
from django.conf import settings
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapter import may_ask_for_link, sign_out
from accounts.forms import ForgotForm
from portal.http import page
from portal.nudge import after_commit

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

login = allauth.login
inactive = allauth.account_inactive
reauthenticate = allauth.reauthenticate


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session and make the browser forget every page and message it kept."""
    sign_out(request)
    response = redirect(settings.LOGIN_URL)
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """Mail a link to an outside address, or say who can help; the answer is always the same."""
    form = ForgotForm(request.POST or None)
    asked = form.is_valid()
    if asked and not may_ask_for_link(request, form.cleaned_data["address"]):
        form.add_error(None, _("Too many attempts. Please wait a quarter of an hour."))
        return page(request, "accounts/forgot.html", {"form": form}, status=429)
    if asked:
        after_commit("accounts.send_password_link", form.cleaned_data["address"])
    context = {"form": form, "asked": asked}
    return page(request, "accounts/forgot.html", context, status=422 if form.errors else 200)
