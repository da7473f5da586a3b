"""Distribution groups of a tenant and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from domains.models import Group, GroupMember
from domains.names import fold, stored_address
from domains.selectors.search import Fold, address_part, seen
from portal.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from accounts.models import Tenant


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
