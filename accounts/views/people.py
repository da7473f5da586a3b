"""People of a tenant and their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import InviteForm, RoleForm, grantable
from accounts.http import TenantRequest, permission
from accounts.roles import SCOPED_ROLES, Action, Role
from accounts.selectors import (
    invitation_of,
    may_manage,
    open_invitations,
    people_rows,
    person_of,
    roles_in,
)
from accounts.services.change_roles import grant_role, revoke_role
from accounts.services.invite_person import (
    invite_person,
    make_password_link,
    resend_invitation,
    revoke_invitation,
)
from accounts.services.suspend_person import resume_person, suspend_person
from portal.exports import batches, export, export_asked, moment_text
from portal.forms import attempt
from portal.http import page
from portal.paging import MOST_COUNTED, paged
from portal.sorting import sorting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponse, HttpResponseBase

    from accounts.models import User
    from portal.sheets.writing import Cell

COLUMNS = {"name": ("name", "email"), "email": ("email",), "seen": ("last_login",)}


@require_GET
@permission(Action.PEOPLE_VIEW)
def people(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List people: those with a role first, everybody when asked."""
    order = sorting(request.GET, COLUMNS, default="name")
    query = request.GET.get("q", "").strip()[:200]
    shown = "all" if request.GET.get("show") == "all" else "roles"
    rows = people_rows(request.tenant, query=query, only_roles=shown == "roles")
    if export_asked(request):
        heads = (_("Name"), _("Email"), _("Roles"), _("Last sign-in"), _("State"))
        return export(request, _("People"), heads, _cells(rows.order_by(*order.order_by)))
    context = {
        "here": "people",
        "page": paged(rows.order_by(*order.order_by), request.GET, at_most=MOST_COUNTED),
        "sorting": order,
        "query": query,
        "shown": shown,
        "invitations": list(open_invitations(request.tenant)[:100]),
        "now": timezone.now(),
        "may_change": request.actor.may(Action.PEOPLE_CHANGE),
    }
    return page(request, "accounts/people.html", context, fragment="accounts/_people.html")


@require_GET
@permission(Action.PEOPLE_VIEW)
def person_detail(request: TenantRequest, tenant_id: int, person_id: int) -> HttpResponse:
    """Show one person: roles, and what may be done about him."""
    person = person_of(request.tenant, person_id)
    return page(request, "accounts/person_detail.html", _detail(request, person))


@require_POST
@permission(Action.PEOPLE_CHANGE)
def role_grant(request: TenantRequest, tenant_id: int, person_id: int) -> HttpResponse:
    """Give a role."""
    person = person_of(request.tenant, person_id)
    form = RoleForm(request.POST, roles=list(Role))
    if (
        form.is_valid()
        and attempt(
            form,
            grant_role,
            actor=request.actor,
            tenant=request.tenant,
            person=person,
            role=form.chosen_role,
        )
        is not None
    ):
        messages.success(request, _("The role was given."))
        return redirect("accounts:person-detail", tenant_id, person_id)
    context = _detail(request, person) | {"role_form": form}
    return page(request, "accounts/person_detail.html", context, status=422)


@require_POST
@permission(Action.PEOPLE_CHANGE)
def role_revoke(request: TenantRequest, tenant_id: int, person_id: int) -> HttpResponse:
    """Take a role away."""
    person = person_of(request.tenant, person_id)
    form = RoleForm(request.POST, roles=list(Role))
    if form.is_valid():
        revoke_role(
            actor=request.actor, tenant=request.tenant, person=person, role=form.chosen_role
        )
        messages.success(request, _("The role was taken away."))
    if not roles_in(person, request.tenant) and person.tenant_id != request.tenant.pk:
        return redirect("accounts:people", tenant_id)
    return redirect("accounts:person-detail", tenant_id, person_id)


@require_POST
@permission(Action.PEOPLE_CHANGE)
def person_suspend(request: TenantRequest, tenant_id: int, person_id: int) -> HttpResponse:
    """Keep a person out."""
    person = person_of(request.tenant, person_id)
    suspend_person(actor=request.actor, person=person)
    messages.success(request, _("%(person)s is suspended.") % {"person": person})
    return redirect("accounts:person-detail", tenant_id, person_id)


@require_POST
@permission(Action.PEOPLE_CHANGE)
def person_resume(request: TenantRequest, tenant_id: int, person_id: int) -> HttpResponse:
    """Let a person in again."""
    person = person_of(request.tenant, person_id)
    resume_person(actor=request.actor, person=person)
    messages.success(request, _("%(person)s may sign in again.") % {"person": person})
    return redirect("accounts:person-detail", tenant_id, person_id)


@never_cache
@require_POST
@permission(Action.PASSWORD_RESET)
def password_link(request: TenantRequest, tenant_id: int, person_id: int) -> HttpResponse:
    """Make a one-time link for a new password and show it once."""
    person = person_of(request.tenant, person_id)
    link = make_password_link(actor=request.actor, person=person)
    context = _detail(request, person) | {"link": link}
    return page(request, "accounts/person_detail.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.PEOPLE_CHANGE)
def invitation_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Invite somebody into a role; the link is mailed and shown once."""
    form = InviteForm(request.POST or None, actor=request.actor, tenant=request.tenant)
    context: dict[str, object] = {"here": "people", "form": form}
    if form.is_valid():
        link = attempt(
            form,
            invite_person,
            actor=request.actor,
            tenant=request.tenant,
            email=form.cleaned_data["email"],
            name=form.cleaned_data["name"],
            role=Role(form.cleaned_data["role"]),
        )
        if link is not None:
            return page(request, "accounts/invited.html", context | {"link": link})
    return page(request, "accounts/invite.html", context, status=422 if form.errors else 200)


@never_cache
@require_POST
@permission(Action.PEOPLE_CHANGE)
def invitation_resend(request: TenantRequest, tenant_id: int, invitation_id: int) -> HttpResponse:
    """Make a new link for an unused invitation; mailed, and shown once."""
    invitation = invitation_of(request.tenant, invitation_id)
    link = resend_invitation(actor=request.actor, invitation=invitation)
    return page(request, "accounts/invited.html", {"here": "people", "link": link})


@require_POST
@permission(Action.PEOPLE_CHANGE)
def invitation_revoke(request: TenantRequest, tenant_id: int, invitation_id: int) -> HttpResponse:
    """Withdraw an unused invitation."""
    invitation = invitation_of(request.tenant, invitation_id)
    revoke_invitation(actor=request.actor, invitation=invitation)
    messages.success(
        request, _("The invitation to %(email)s was withdrawn.") % {"email": invitation.email}
    )
    return redirect("accounts:people", tenant_id)


def _detail(request: TenantRequest, person: User) -> dict[str, object]:
    held = [Role(membership.role) for membership in roles_in(person, request.tenant)]
    free = [
        (role, text) for role, text in grantable(request.actor, request.tenant) if role not in held
    ]
    return {
        "here": "people",
        "subject": person,
        "held": held,
        "scoped_roles": [role.value for role in SCOPED_ROLES],
        "free": free,
        "role_form": RoleForm(roles=[role for role, _text in free]),
        "is_self": person.pk == request.user.pk,
        "is_home": person.tenant_id == request.tenant.pk,
        "may_change": request.actor.may(Action.PEOPLE_CHANGE),
        "may_manage": may_manage(request.actor, person),
        "may_act_as": request.actor.via is not None
        and request.actor.may(Action.PERSON_ACT_AS)
        and request.tenant.lets_provider_act
        and bool(held),
        "may_reset": request.actor.may(Action.PASSWORD_RESET),
    }


def _cells(rows: QuerySet[User]) -> Iterator[list[Cell]]:
    for chunk in batches(rows):
        for user in chunk:
            roles = ", ".join(str(Role(one.role).label) for one in user.roles_here)  # type: ignore[attr-defined]  # prefetched by people_rows
            yield [
                user.name,
                user.email,
                roles,
                moment_text(user.last_login),
                _("Active") if user.is_active else _("Suspended"),
            ]
