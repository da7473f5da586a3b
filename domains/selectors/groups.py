"""Distribution groups of a tenant and their members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from domains.models import Group, GroupMember, MailboxStatus
from domains.names import fold, stored_address
from domains.selectors.search import Fold, address_part, seen
from portal.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from accounts.models import Tenant
    from domains.models import Departure, Mailbox


def groups_of(tenant: Tenant, *, part: str = "") -> QuerySet[Group]:
    """Return the tenant's groups, each with `member_count`, by name."""
    members = (
        GroupMember.objects.filter(group=OuterRef("pk"))
        .order_by()
        .values("group")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = (
        Group.objects.filter(seen(tenant), tenant=tenant)
        .annotate(member_count=Coalesce(Subquery(members, output_field=IntegerField()), 0))
        .select_related("address", "address__domain", "tenant")
        .order_by("name", "address__email")
    )
    wanted = part.replace("\0", "").strip()[:100]
    if not wanted:
        return rows
    return rows.alias(folded=Fold("name")).filter(
        Q(address__email__contains=address_part(wanted)) | Q(folded__contains=fold(wanted))
    )


def group_of(tenant: Tenant, group_id: int) -> Group:
    """Return a group of `tenant`. Raises NotFound."""
    found = groups_of(tenant).filter(pk=group_id).first()
    if found is None:
        raise NotFound
    return found


def group_at(tenant: Tenant, address: str) -> Group:
    """Return the group of `tenant` at an address as a person types it. Raises InvalidInput on `group`."""
    found = groups_of(tenant).filter(address__email=stored_address(address, field="group")).first()
    if found is None:
        raise InvalidInput(
            _("There is no group %(address)s. Make it first.") % {"address": address.strip()[:100]},
            field="group",
        )
    return found


@dataclass(frozen=True, slots=True)
class Joined:
    """A group that a mailbox is a member of. `has_others`: somebody else would still read its mail."""

    group_id: int
    domain_id: int
    email: str
    has_others: bool


def joined_by(mailbox: Mailbox) -> list[Joined]:
    """Return the groups of which the mailbox itself is a member, by address. One query."""
    others = GroupMember.objects.filter(group=OuterRef("group")).exclude(
        Q(address=mailbox.address_id) | Q(address__mailbox__status=MailboxStatus.DELETING)
    )
    rows = (
        GroupMember.objects.filter(address=mailbox.address_id)
        .annotate(has_others=Exists(others))
        .order_by("group__address__email")
    )
    return [
        Joined(*row)
        for row in rows.values_list(
            "group_id", "group__address__domain_id", "group__address__email", "has_others"
        )
    ]


def groups_left_of(departure: Departure) -> list[Joined]:
    """Return the groups a plan is about: those that were left, before that those of now. One query."""
    if departure.left_groups_at is None:
        return joined_by(departure.mailbox) if departure.leave_groups else []
    rows = Group.objects.filter(pk__in=departure.groups_left).order_by("address__email")
    return [
        Joined(*row, has_others=True)
        for row in rows.values_list("pk", "address__domain_id", "address__email")
    ]


def members_by_group(groups: Collection[Group]) -> dict[int, list[str]]:
    """Return the addresses of the members by the group's id. One query."""
    found: dict[int, list[str]] = {}
    rows = GroupMember.objects.filter(group__in=groups).order_by("email")
    for group_id, email in rows.values_list("group_id", "email"):
        found.setdefault(group_id, []).append(email)
    return found


def members_of(group: Group, *, part: str = "") -> QuerySet[GroupMember]:
    """Return the group's members with what stands behind them, by address."""
    rows = (
        GroupMember.objects.filter(group=group)
        .select_related("address", "address__mailbox", "address__group")
        .order_by("email")
    )
    wanted = part.replace("\0", "").strip()[:100]
    return rows.filter(email__contains=address_part(wanted)) if wanted else rows
