"""What accounts has to say on the overview: first steps of a seller, suspended and invited people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import expired_invitations, tenant_counts
from portal.attention import AttentionRow, Figure, Overview
from portal.templatetags.ui import number

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant


def overview(tenant: Tenant, actor: Actor) -> Overview:
    """Return what a seller has and should do first, and invitations nobody used. One query."""
    if tenant.kind == TenantKind.COMPANY or not actor.may(Action.TENANT_VIEW):
        may_invite = actor.may(Action.PEOPLE_CHANGE)
        return Overview(_expired(tenant, expired_invitations(tenant).count()) if may_invite else [])
    counts = tenant_counts(tenant)
    first = _first_steps(tenant, counts) if actor.may(Action.TENANT_CREATE) else []
    if actor.may(Action.PEOPLE_CHANGE):
        first += _expired(tenant, counts["expired"])
    return Overview(first, _figures(tenant, counts))


def _expired(tenant: Tenant, expired: int) -> list[AttentionRow]:
    if not expired:
        return []
    return [
        AttentionRow(
            "info",
            ngettext(
                "%(number)d invitation expired unused",
                "%(number)d invitations expired unused",
                expired,
            )
            % {"number": expired},
            _("Send it again, or withdraw it if it is no longer needed."),
            reverse("accounts:people", args=[tenant.pk]),
            _("Look"),
            "mail",
        )
    ]


def _figures(tenant: Tenant, counts: dict[str, int]) -> list[Figure]:
    url = reverse("accounts:tenant-list", args=[tenant.pk])
    suspended = counts["suspended"]
    note = ngettext("%(number)d suspended", "%(number)d suspended", suspended)
    return [
        Figure(
            _("Tenants"),
            number(counts["all"]),
            note % {"number": suspended} if suspended else _("All tenants"),
            f"{url}?show=suspended" if suspended else url,
        ),
        Figure(
            _("Resellers"),
            number(counts["resellers"]),
            _("among the tenants"),
            f"{url}?show=resellers",
        ),
    ]


def _first_steps(tenant: Tenant, counts: dict[str, int]) -> list[AttentionRow]:
    if not counts["plans"]:
        return [
            AttentionRow(
                "info",
                _("Make your first plan"),
                _("A plan says how many domains and mailboxes and how much storage a tenant has."),
                reverse("accounts:plan-create", args=[tenant.pk]),
                _("New plan"),
                "box",
            )
        ]
    if not counts["all"]:
        return [
            AttentionRow(
                "info",
                _("Open your first tenant"),
                _("Its admin gets an invitation and adds domains and mailboxes himself."),
                reverse("accounts:tenant-create", args=[tenant.pk]),
                _("New tenant"),
                "building",
            )
        ]
    return []
