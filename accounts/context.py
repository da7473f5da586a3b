"""What the frame shows about the person: rail, side column, tenant switcher."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.functional import SimpleLazyObject

from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import holds_role, owns_mailbox, tenants_of
from portal.http import url_or_blank

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.actor import Actor
    from accounts.models import Tenant, User

_SELLERS_ONLY = frozenset({"tenants", "plans"})


@dataclass(frozen=True, slots=True)
class Item:
    """One link of the rail or the side column."""

    name: str
    icon: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of links."""

    title: str
    items: list[Item]


@dataclass(frozen=True, slots=True)
class PortalFrame:
    """The side column of the portal in one tenant."""

    tenant: Tenant
    actor: Actor
    sections: list[Section]
    places: list[Tenant] = field(default_factory=list)  # where the person holds a role himself

    @property
    def via(self) -> Tenant | None:
        """The tenant above, whose role is used here; None in one's own tenant."""
        return self.actor.via


def person(request: HttpRequest) -> dict[str, Any]:
    """Return the signed-in person and what the frame may show him."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"person": None}
    mailbox = owns_mailbox(user)
    return {
        "person": user,
        "has_mailbox": mailbox,
        "has_portal": holds_role(user),
        "rail": _rail() if mailbox else [],
        "portal": SimpleLazyObject(lambda: _portal_frame(request, user)),
    }


def _rail() -> list[Item]:
    return [
        Item(name, icon, str(label), url)
        for name, icon, label, url_name in settings.RAIL
        if (url := url_or_blank(url_name))
    ]


def _portal_frame(request: HttpRequest, user: User) -> PortalFrame | None:
    tenant: Tenant | None = getattr(request, "tenant", None)
    actor: Actor | None = getattr(request, "actor", None)
    if tenant is None or actor is None:
        return None
    rights = {action.value for action in Action if actor.may(action)}
    sections = []
    for title, entries in settings.PORTAL_SIDE:
        items = [
            Item(name, icon, str(label), url)
            for name, icon, label, url_name, action in entries
            if action in rights
            and not (name in _SELLERS_ONLY and tenant.kind == TenantKind.COMPANY)
            and (url := url_or_blank(url_name, tenant.pk))
        ]
        if items:
            sections.append(Section(str(title), items))
    return PortalFrame(tenant, actor, sections, tenants_of(user))
