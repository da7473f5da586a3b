"""Takes a mailbox out of its groups when its person leaves, and puts it back when the plan is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.actor import Actor
from accounts.services.record_audit import record_audit
from domains.models import Group, GroupMember
from domains.selectors import joined_by
from domains.services.read_members import MAX_MEMBERS, count_members, refuse_circles
from domains.services.set_group import join_group
from portal.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection

    from domains.models import Mailbox


def leave_groups(mailbox: Mailbox) -> list[int]:
    """Take the mailbox out of every group that somebody else reads too; return their ids.

    Runs inside the caller's transaction, which holds `lock_forwarding`.
    """
    held = _hold([one.group_id for one in joined_by(mailbox)])
    # asked anew now that nobody else changes them: the last reader stays
    left = [
        held[one.group_id] for one in joined_by(mailbox) if one.has_others and one.group_id in held
    ]
    GroupMember.objects.filter(group__in=left, address=mailbox.address_id).delete()
    for group in left:
        record_audit(
            Actor.system(group.tenant),
            group.tenant,
            action="group.members",
            target=("group", group.pk, group.address.email),
            changes={"members": [[mailbox.address.email], []]},
        )
    return [group.pk for group in left]


def rejoin_groups(mailbox: Mailbox, group_ids: Collection[int]) -> int:
    """Make the mailbox a member again where that is possible; return in how many groups it is not.

    Runs inside the caller's transaction, which holds `lock_forwarding`.
    """
    groups = _hold(group_ids)
    there = set(
        GroupMember.objects.filter(group__in=groups, address=mailbox.address_id).values_list(
            "group_id", flat=True
        )
    )
    back = [group for pk, group in groups.items() if pk not in there and _may_join(group, mailbox)]
    for group in back:
        join_group(Actor.system(group.tenant), group, [mailbox.address])
    return len(set(group_ids) - there - {group.pk for group in back})


def _hold(group_ids: Collection[int]) -> dict[int, Group]:
    rows = (
        Group.objects.select_for_update(of=("self",), no_key=True)
        .select_related("address", "tenant")
        .filter(pk__in=group_ids)
        .order_by("pk")
    )
    return {group.pk: group for group in rows}


def _may_join(group: Group, mailbox: Mailbox) -> bool:
    if group.tenant_id != mailbox.tenant_id or count_members(group) >= MAX_MEMBERS:
        return False
    try:
        refuse_circles(group, {mailbox.address.email: mailbox.address}, field="members")
    except InvalidInput:
        return False
    return True
