"""Who asks: views say on their first line which action they need."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.errors import NotAllowed
from accounts.models import Tenant, User
from accounts.roles import Action, Role
from accounts.selectors import place_of
from accounts.services.act_as import stand_in
from portal.http import client_ip, wants_fragment
from portal.logs import request_id

P = ParamSpec("P")


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    actor: Actor


class TenantRequest(PersonRequest):
    """A request of somebody who acts in a tenant."""

    tenant: Tenant


def permission(
    action: Action,
) -> Callable[
    [Callable[Concatenate[TenantRequest, int, P], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """Let only those through whose role in `tenant_id`, or above it, allows `action`.

    Anonymous visitors go to sign-in; without any role there the tenant does not exist (404);
    with a role that lacks the action the answer is 403.
    """

    def decorate(
        view: Callable[Concatenate[TenantRequest, int, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def inner(
            request: HttpRequest, tenant_id: int, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            place = place_of(request.user, tenant_id)
            known = cast("TenantRequest", request)
            known.tenant = place.tenant
            known.actor = Actor(
                user=request.user,
                tenant=place.tenant,
                roles=place.roles,
                ip=client_ip(request),
                request_id=request_id.get(),
                via=place.via,
                domain_ids=place.domain_ids,
            )
            known.actor = stand_in(known.actor, request.session)
            if known.actor.tenant is not None:
                known.tenant = known.actor.tenant
            if not known.actor.may(action):
                raise NotAllowed(_refusal(known), detail=f"{action} denied")
            return view(known, tenant_id, *args, **kwargs)

        return inner

    return decorate


def person_required(
    view: Callable[Concatenate[PersonRequest, P], HttpResponse],
) -> Callable[..., HttpResponseBase]:
    """Let only signed-in people through; `request.actor` acts for himself, without a role."""

    @wraps(view)
    def inner(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        known = cast("PersonRequest", request)
        known.actor = own_actor(request, request.user)
        return view(known, *args, **kwargs)

    return inner


def own_actor(request: HttpRequest, user: User) -> Actor:
    """Return the person acting for himself in his home, without any role."""
    return Actor(user=user, tenant=user.tenant, ip=client_ip(request), request_id=request_id.get())


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send to sign-in and back to the path asked for; htmx loads the whole page."""
    wanted = request.get_full_path() if request.method == "GET" else "/"
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": settings.LOGIN_URL})
    return redirect_to_login(wanted if wanted != "/" else "", settings.LOGIN_URL)


def _refusal(request: TenantRequest) -> str:
    roles = ", ".join(str(Role(role).label) for role in sorted(request.actor.roles))
    return _(
        "You are signed in as %(person)s. Your role here, %(role)s of %(tenant)s, does not "
        "include this. An admin of your company can change that."
    ) % {"person": request.user.email, "role": roles.lower(), "tenant": request.tenant.name}
