"""Signing in and out, by allauth with our words around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account import views as allauth
from django.conf import settings
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.adapter import sign_out

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
