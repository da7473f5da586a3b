"""Distribution groups: the list, a new one, its members, its rules and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from domains.group_forms import GrantForm, GroupForm, GroupSettingsForm, MembersForm
from domains.models import WhoMaySend
from domains.names import show_address
from domains.selectors import (
    grants_on,
    group_of,
    groups_of,
    members_by_group,
    members_of,
    report_of_group,
    targets_outside,
)
from domains.services.known_figures import known_figures
from domains.services.set_grant import set_grant, take_grant
from domains.services.set_group import (
    add_members,
    change_group,
    create_group,
    delete_group,
    remove_member,
)
from domains.views.consents import tell_of_letters
from portal.exports import batches, export, export_asked
from portal.forms import attempt
from portal.http import page
from portal.paging import paged
from portal.sorting import sorting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpResponse, HttpResponseBase

    from domains.models import Group
    from portal.sheets.writing import Cell

GROUPS_AT_ONCE = 20  # each may have ten thousand members
COLUMNS = {
    "name": ("name", "pk"),
    "address": ("address__email",),
    "created": ("created_at",),
}


@require_GET
@permission(Action.GROUP_VIEW)
def group_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List the groups."""
    order = sorting(request.GET, COLUMNS, default="name")
    query = request.GET.get("q", "").strip()[:200]
    rows = groups_of(request.tenant, part=query).order_by(*order.order_by)
    if export_asked(request):
        heads = (_("Address"), _("Name"), _("Who may send to it"), _("Switched on"), _("Member"))
        return export(request, _("Groups"), heads, _cells(rows))
    usage = known_figures(request.tenant)
    context = {
        "here": "groups",
        "page": paged(rows, request.GET, total=None if query else usage.listed_groups),
        "sorting": order,
        "query": query,
        "usage": usage,
        "limits": request.tenant.plan,
        "may_change": request.actor.may(Action.GROUP_CHANGE),
    }
    return page(request, "domains/group_list.html", context, fragment="domains/_groups.html")


def _cells(rows: QuerySet[Group]) -> Iterator[list[Cell]]:
    """Yield a line for each member of each group; one without for a group that has none."""
    for chunk in batches(rows, size=GROUPS_AT_ONCE):
        members = members_by_group(chunk)
        for group in chunk:
            known: list[Cell] = [
                show_address(group.address.email),
                group.name,
                str(WhoMaySend(group.who_may_send).label),
                _("yes") if group.is_enabled else _("no"),
            ]
            for member in members.get(group.pk, [""]):
                yield [*known, show_address(member) if member else ""]


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.GROUP_CHANGE)
def group_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Make a group."""
    form = GroupForm(
        request.POST or None,
        tenant=request.tenant,
        initial={"domain": request.GET.get("domain", "")},
    )
    if form.is_valid():
        data = form.cleaned_data
        group = attempt(
            form,
            create_group,
            actor=request.actor,
            domain=form.chosen_domain,
            localpart=data["localpart"],
            name=data["name"],
            members=data["members"],
            who_may_send=data["who_may_send"],
            senders=data["senders"],
        )
        if group is not None:
            messages.success(request, _("%(address)s is ready.") % {"address": group.address.email})
            tell_of_letters(request, members_by_group([group]).get(group.pk, []))
            return redirect("domains:group-detail", tenant_id, group.pk)
    context = {"here": "groups", "form": form}
    return page(request, "domains/group_form.html", context, status=422 if form.errors else 200)


@require_GET
@permission(Action.GROUP_VIEW)
def group_detail(request: TenantRequest, tenant_id: int, group_id: int) -> HttpResponse:
    """Show a group with its members."""
    group = group_of(request.tenant, group_id)
    return page(
        request,
        "domains/group_detail.html",
        _context(request, group),
        fragment="domains/_members.html",
    )


@require_POST
@permission(Action.GROUP_CHANGE)
def group_change(request: TenantRequest, tenant_id: int, group_id: int) -> HttpResponse:
    """Set the name and who may send."""
    group = group_of(request.tenant, group_id)
    form = GroupSettingsForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        if attempt(
            form,
            change_group,
            actor=request.actor,
            group=group,
            version=data["version"],
            name=data["name"],
            who_may_send=data["who_may_send"],
            senders=data["senders"],
            is_enabled=data["is_enabled"],
        ):
            messages.success(request, _("Saved."))
            return redirect("domains:group-detail", tenant_id, group_id)
    if request.POST.get("version") != str(group.version):
        form = GroupSettingsForm.of(group)
        form.is_stale = True
    return _refused(request, group, settings_form=form)


@require_POST
@permission(Action.GROUP_CHANGE)
def group_members(request: TenantRequest, tenant_id: int, group_id: int) -> HttpResponse:
    """Add members."""
    group = group_of(request.tenant, group_id)
    form = MembersForm(request.POST)
    if form.is_valid():
        added = attempt(
            form,
            add_members,
            actor=request.actor,
            group=group,
            members=form.cleaned_data["members"],
        )
        if added is not None:
            words = ngettext("%(n)d member was added.", "%(n)d members were added.", len(added))
            messages.success(request, words % {"n": len(added)})
            tell_of_letters(request, added)
            return redirect("domains:group-detail", tenant_id, group_id)
    return _refused(request, group, members_form=form)


@require_POST
@permission(Action.GROUP_CHANGE)
def group_member_remove(
    request: TenantRequest, tenant_id: int, group_id: int, member_id: int
) -> HttpResponse:
    """Take one member out."""
    group = group_of(request.tenant, group_id)
    email = remove_member(actor=request.actor, group=group, member_id=member_id)
    messages.success(request, _("%(address)s is no member any more.") % {"address": email})
    return redirect("domains:group-detail", tenant_id, group_id)


@require_POST
@permission(Action.GROUP_CHANGE)
def group_grant(request: TenantRequest, tenant_id: int, group_id: int) -> HttpResponse:
    """Let somebody send from the group's address."""
    group = group_of(request.tenant, group_id)
    form = GrantForm(request.POST, is_shared=False)
    if form.is_valid() and (
        attempt(
            form,
            set_grant,
            actor=request.actor,
            address=group.address,
            grantee=form.cleaned_data["grantee"],
            sends=form.cleaned_data["sends"],
        )
        is not None
    ):
        messages.success(request, _("Saved."))
        return redirect("domains:group-detail", tenant_id, group_id)
    return _refused(request, group, grant_form=form)


@require_POST
@permission(Action.GROUP_CHANGE)
def group_grant_take(
    request: TenantRequest, tenant_id: int, group_id: int, grant_id: int
) -> HttpResponse:
    """Take it away again."""
    group = group_of(request.tenant, group_id)
    grant = take_grant(actor=request.actor, address=group.address, grant_id=grant_id)
    messages.success(
        request,
        _("%(address)s may not do this any more.") % {"address": grant.mailbox.address.email},
    )
    return redirect("domains:group-detail", tenant_id, group_id)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.GROUP_CHANGE)
def group_delete(request: TenantRequest, tenant_id: int, group_id: int) -> HttpResponse:
    """Say what points to it, then free the address of a group."""
    group = group_of(request.tenant, group_id)
    if request.method != "POST":
        context = {
            "here": "groups",
            "email": group.address.email,
            "list_url": "domains:group-list",
            "list_words": _("Groups"),
            "report": report_of_group(request.tenant, group),
        }
        return page(request, "domains/address_delete.html", context)
    delete_group(actor=request.actor, group=group)
    messages.success(request, _("%(address)s was deleted.") % {"address": group.address.email})
    return redirect("domains:group-list", tenant_id)


def _refused(request: TenantRequest, group: Group, **forms: Any) -> HttpResponse:
    return page(request, "domains/group_detail.html", _context(request, group) | forms, status=422)


def _context(request: TenantRequest, group: Group) -> dict[str, Any]:
    query = request.GET.get("q", "").strip()[:200]
    total = None if query else group.member_count  # type: ignore[attr-defined]  # by groups_of
    shown = paged(members_of(group, part=query), request.GET, total=total)
    outside = [member.email for member in shown.rows if member.address_id is None]
    consents = {target.email: target for target in targets_outside(request.tenant, outside)}
    return {
        "here": "groups",
        "group": group,
        "page": shown,
        "members": [(member, consents.get(member.email)) for member in shown.rows],
        "query": query,
        "settings_form": GroupSettingsForm.of(group),
        "members_form": MembersForm(),
        "grant_form": GrantForm(is_shared=False),
        "grants": paged(grants_on(group.address), request.GET, prefix="grants-"),
        "may_change": request.actor.may(Action.GROUP_CHANGE),
    }
