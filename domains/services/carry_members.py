"""Adds a batch of mailboxes to a distribution group, or takes them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.services.record_audit import record_audit
from domains.errors import JobEnded
from domains.models import Group, GroupMember, JobKind, RowState
from domains.selectors.search import within
from domains.services.carry_import import refuse
from domains.services.read_members import MAX_MEMBERS, count_members, refuse_circles
from domains.services.read_targets import lock_forwarding
from domains.services.set_group import SHOWN_IN_AUDIT, join_group
from portal.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from domains.models import Job, JobRow, Mailbox

    Pair = tuple[JobRow, Mailbox]


def carry_members(actor: Actor, job: Job, pairs: Sequence[Pair]) -> None:
    """Add the mailboxes to the job's group, or take them out, and say so in each row.

    Constant queries, and some for each mailbox that passes mail on. Raises JobEnded.
    """
    adding = job.kind == JobKind.MAILBOX_GROUP
    lock_forwarding(job.tenant)
    group = (
        Group.objects.select_for_update(of=("self",), no_key=True)
        .select_related("address", "tenant")
        .filter(within(job.tenant, "address__domain"), pk=job.options["group_id"])
        .first()
    )
    if group is None:
        raise JobEnded(_("The group does not exist any more."))
    wanted = [mailbox.address_id for _row, mailbox in pairs]
    members = dict(
        GroupMember.objects.filter(group=group, address__in=wanted).values_list("address_id", "pk")
    )
    room = MAX_MEMBERS - count_members(group)
    changed: list[Mailbox] = []
    for row, mailbox in pairs:
        if (mailbox.address_id in members) == adding:
            row.state, row.message = RowState.SKIPPED, _("It is so already.")
        elif adding and not _may_join(group, row, mailbox, room - len(changed)):
            continue
        else:
            row.state, row.message = RowState.DONE, ""
            changed.append(mailbox)
    if not changed:
        return
    if adding:
        join_group(actor, group, [mailbox.address for mailbox in changed])
        return
    GroupMember.objects.filter(pk__in=[members[m.address_id] for m in changed]).delete()
    record_audit(
        actor,
        group.tenant,
        action="group.members",
        target=("group", group.pk, group.address.email),
        changes={
            "members": [[m.address.email for m in changed[:SHOWN_IN_AUDIT]], []],
            "count": [len(changed), 0],
        },
    )


def _may_join(group: Group, row: JobRow, mailbox: Mailbox, room: int) -> bool:
    """Whether the mailbox can become a member; else the row says why not."""
    if mailbox.tenant_id != group.tenant_id:
        refuse(row, _("The group belongs to another tenant."))
        return False
    if room <= 0:
        refuse(row, _("A group has at most %(n)d members.") % {"n": MAX_MEMBERS})
        return False
    if mailbox.forward_to:
        try:
            refuse_circles(group, {mailbox.address.email: mailbox.address}, field="members")
        except InvalidInput as exc:
            refuse(row, str(exc.message))
            return False
    return True
