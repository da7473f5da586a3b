"""Tells allauth how this product signs people in and out; the only module that configures it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from allauth.core.internal import ratelimit
from django.conf import settings
from django.core import signing
from django.utils.translation import gettext_lazy as _

from accounts.attempts import Attempt, give_back, mark_of, take
from accounts.selectors import may_sign_in, person_by_login
from accounts.services.record_sign_in import record_sign_in
from portal.http import client_ip, safe_next

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.models import User


DEVICE = "accounts.device"
DEVICE_SECONDS = 365 * 86400


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Sign-in without sign-up: people come by invitation."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The address or the password is not right."),
        "too_many_login_attempts": _(
            "Too many attempts. Please wait a quarter of an hour, then try again."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Never: an admin invites."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Accept only paths of this site, whatever the Host header says."""
        return bool(url) and safe_next(url, "") == url

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that nginx saw."""
        return client_ip(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Check login and password within the budget that all doors share."""
        login = str(credentials.get("email", "")).strip().lower()[:320]
        known = person_by_login(login)
        attempt = Attempt(
            # All names of one person share one budget.
            known.email if known is not None else login,
            client_ip(request),
            mark_of(str(credentials.get("password", ""))),
            _known_device(request, known),
        )
        if not take(attempt):
            raise self.validation_error("too_many_login_attempts")
        person: User | None = super().authenticate(request, **credentials)
        if person is not None:
            give_back(attempt)
        return person

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Stop a suspended person who knows the password, with words instead of "wrong"."""
        if not may_sign_in(user):
            clear_login(request)
            response: HttpResponse = self.respond_user_inactive(request, user)
            return response
        stopped: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return stopped

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Record the sign-in, then go where the person was heading."""
        record_sign_in(person=user, ip=client_ip(request))
        response: HttpResponse = super().post_login(request, user, **kwargs)
        response.set_cookie(
            settings.DEVICE_COOKIE_NAME,
            signing.dumps([user.pk, secrets.token_hex(8)], salt=DEVICE),
            max_age=DEVICE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response

    def reauthenticate(self, user: User, password: str) -> bool:
        """Check the password of somebody who is signed in, within the same limits."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: "signed in" and "signed out" are seen, not told."""


def _known_device(request: HttpRequest, person: User | None) -> str:
    """Return the device's own mark when `person` signed in on it before, else an empty text."""
    try:
        person_id, mark = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""),
            salt=DEVICE,
            max_age=DEVICE_SECONDS,
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(mark) if person is not None and person.pk == person_id else ""


def sign_in(request: HttpRequest, user: User, *, next_url: str, method: str) -> HttpResponse:
    """Sign `user` in through every stage allauth has (a second factor too)."""
    record_authentication(request, user, method=method)
    response: HttpResponse = perform_login(request, Login(user=user, redirect_url=next_url))
    return response


def sign_out(request: HttpRequest) -> None:
    """End the session."""
    logout(request, show_message=False)


def may_ask_for_link(request: HttpRequest, address: str) -> bool:
    """Count one more request for a password link; False when this network or address had enough."""
    usage = ratelimit.consume(
        request, app="allauth.account", action="reset_password", key=address.strip().lower()[:320]
    )
    return bool(usage)
