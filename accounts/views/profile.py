"""One's own name, language, time zone, theme and password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.forms import OwnPasswordForm, ProfileForm
from accounts.http import PersonRequest, person_required
from accounts.selectors import memberships_of
from accounts.services.change_profile import change_profile
from accounts.services.set_password import change_own_password
from portal.forms import attempt
from portal.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@person_required
def profile(request: PersonRequest) -> HttpResponse:
    """Show and change one's own profile."""
    form = ProfileForm(request.POST or None, person=request.user)
    if form.is_valid():
        person = attempt(form, change_profile, actor=request.actor, **form.cleaned_data)
        if person is not None:
            with translation.override(person.language or translation.get_language()):
                messages.success(request, _("Saved."))
            return redirect("accounts:profile")
    context = {"here": "profile", "form": form, "memberships": memberships_of(request.user)}
    return page(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@person_required
def password(request: PersonRequest) -> HttpResponse:
    """Change one's own password, with the current one; this session goes on, all others end."""
    form = OwnPasswordForm(request.POST or None)
    if form.is_valid():
        person = attempt(form, change_own_password, actor=request.actor, **form.cleaned_data)
        if person is not None:
            update_session_auth_hash(request, person)
            messages.success(request, _("The new password is set. All other sessions have ended."))
            return redirect("accounts:password")
    context = {"here": "password", "form": form}
    return page(request, "accounts/password.html", context, status=422 if form.errors else 200)
