"""Creates, changes and deletes distribution groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.errors import GroupChangedMeanwhile, TooManyTargets
from domains.models import Group, GroupMember, GroupSender, WhoMaySend
from domains.services.ask_consent import ask_consent
from domains.services.claim_address import claim_address, read_localpart
from domains.services.provision_mailbox import read_display_name
from domains.services.read_members import (
    MAX_MEMBERS,
    MAX_SENDERS,
    count_members,
    read_addresses,
    refuse_circles,
    resolve,
)
from domains.services.read_targets import lock_forwarding
from domains.services.require_feature import require_forwarding
from domains.services.require_room import Room, require_room
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from domains.models import Address, Domain

SHOWN_IN_AUDIT = 50


def create_group(
    *,
    actor: Actor,
    domain: Domain,
    localpart: str,
    name: str,
    members: Sequence[str] = (),
    who_may_send: str = WhoMaySend.COMPANY,
    senders: Sequence[str] = (),
) -> Group:
    """Make `localpart`@`domain` reach its members, from the next message on.

    Raises NameRefused, AddressReserved, AddressTaken, DomainNotProved, TargetRefused, ForwardLoop,
    TooManyTargets on their fields, LimitReached, NotAllowed.
    """
    tenant = domain.tenant
    require(actor, Action.GROUP_CHANGE, tenant, domain_ids=[domain.pk])
    local = read_localpart(localpart)
    shown = read_display_name(name)
    wanted = read_addresses(members, field="members", most=MAX_MEMBERS)
    named = read_addresses(senders, field="senders", most=MAX_SENDERS)
    with transaction.atomic():
        lock_forwarding(tenant)
        require_room(tenant, Room.GROUPS)
        address = claim_address(domain, local.text)
        group = Group.objects.create(
            tenant=tenant, address=address, name=shown, who_may_send=WhoMaySend(who_may_send)
        )
        added = _add(group, wanted)
        known = _set_senders(group, named)
        record_audit(
            actor,
            tenant,
            action="group.create",
            target=("group", group.pk, address.email),
            changes={
                "members": [[], added[:SHOWN_IN_AUDIT]],
                "who_may_send": ["", group.who_may_send],
                "senders": [[], known],
            },
        )
    return group


def change_group(
    *,
    actor: Actor,
    group: Group,
    version: int,
    name: str,
    who_may_send: str,
    senders: Sequence[str],
    is_enabled: bool,
) -> Group:
    """Set the name and who may send. `version` is the one the editor saw.

    Raises GroupChangedMeanwhile, NameRefused, TargetRefused on their fields, NotFound, NotAllowed.
    """
    require(actor, Action.GROUP_CHANGE, group.tenant, domain_ids=[group.address.domain_id])
    shown = read_display_name(name)
    named = read_addresses(senders, field="senders", most=MAX_SENDERS)
    with transaction.atomic():
        held = hold_group(group)
        if held.version != version:
            raise GroupChangedMeanwhile
        before = {
            "name": held.name,
            "who_may_send": held.who_may_send,
            "is_enabled": held.is_enabled,
            "senders": sorted(held.senders.values_list("email", flat=True)),
        }
        held.name, held.who_may_send, held.is_enabled = shown, WhoMaySend(who_may_send), is_enabled
        after = {
            "name": held.name,
            "who_may_send": held.who_may_send,
            "is_enabled": held.is_enabled,
            "senders": _set_senders(held, named),
        }
        changes = {key: [before[key], after[key]] for key in before if before[key] != after[key]}
        if not changes:
            return held
        held.version += 1
        held.save(update_fields=["name", "who_may_send", "is_enabled", "version"])
        note_access_change(address=held.address.email)
        record_audit(
            actor,
            held.tenant,
            action="group.change",
            target=("group", held.pk, held.address.email),
            changes=changes,
        )
    return held


def add_members(*, actor: Actor, group: Group, members: Sequence[str]) -> list[str]:
    """Add readers; who is one already stays one. Returns those that are new.

    Raises TargetRefused, ForwardLoop, TooManyTargets on `members`, NotFound, NotAllowed.
    """
    require(actor, Action.GROUP_CHANGE, group.tenant, domain_ids=[group.address.domain_id])
    wanted = read_addresses(members, field="members", most=MAX_MEMBERS)
    with transaction.atomic():
        lock_forwarding(group.tenant)
        held = hold_group(group)
        added = _add(held, wanted)
        if added:
            record_audit(
                actor,
                held.tenant,
                action="group.members",
                target=("group", held.pk, held.address.email),
                changes={"members": [[], added[:SHOWN_IN_AUDIT]], "count": [0, len(added)]},
            )
    return added


def join_group(actor: Actor, group: Group, addresses: Sequence[Address]) -> None:
    """Add addresses that are no members yet and pass no mail on, and write it down.

    The caller holds the group and asked for room and rights.
    """
    GroupMember.objects.bulk_create(
        (
            GroupMember(tenant=group.tenant, group=group, address=address, email=address.email)
            for address in addresses
        ),
        batch_size=1000,
    )
    record_audit(
        actor,
        group.tenant,
        action="group.members",
        target=("group", group.pk, group.address.email),
        changes={
            "members": [[], [address.email for address in addresses[:SHOWN_IN_AUDIT]]],
            "count": [0, len(addresses)],
        },
    )


def remove_member(*, actor: Actor, group: Group, member_id: int) -> str:
    """Take one reader out, from the next message on; returns the address. Raises NotFound."""
    require(actor, Action.GROUP_CHANGE, group.tenant, domain_ids=[group.address.domain_id])
    with transaction.atomic():
        held = hold_group(group)
        member = GroupMember.objects.filter(group=held, pk=member_id).first()
        if member is None:
            raise NotFound
        email = member.email
        member.delete()
        record_audit(
            actor,
            held.tenant,
            action="group.members",
            target=("group", held.pk, held.address.email),
            changes={"members": [[email], []]},
        )
    return email


def delete_group(*, actor: Actor, group: Group) -> None:
    """Free the address. Raises NotFound, NotAllowed."""
    require(actor, Action.GROUP_CHANGE, group.tenant, domain_ids=[group.address.domain_id])
    with transaction.atomic():
        held = hold_group(group)
        address = held.address
        note_access_change(address=address.email)
        record_audit(
            actor,
            held.tenant,
            action="group.delete",
            target=("group", held.pk, address.email),
            changes={"count": [count_members(held), 0]},
        )
        held.delete()
        address.delete()  # with its places in other groups and what was granted on it


def hold_group(group: Group) -> Group:
    """Return the row as it is now, locked until the transaction ends. Raises NotFound."""
    held = (
        Group.objects.select_for_update(of=("self",), no_key=True)
        .select_related("address", "tenant")
        .filter(pk=group.pk)
        .first()
    )
    if held is None:
        raise NotFound
    return held


def _add(group: Group, emails: Sequence[str]) -> list[str]:
    found = resolve(emails, group.tenant, field="members")
    refuse_circles(group, found, field="members")
    known = set(
        GroupMember.objects.filter(group=group, email__in=found).values_list("email", flat=True)
    )
    fresh = [email for email in found if email not in known]
    require_forwarding(group.tenant, fresh, (), field="members")
    if count_members(group) + len(fresh) > MAX_MEMBERS:
        raise TooManyTargets(
            _("A group has at most %(n)d members.") % {"n": MAX_MEMBERS}, field="members"
        )
    GroupMember.objects.bulk_create(
        (
            GroupMember(tenant=group.tenant, group=group, address=found[email], email=email)
            for email in fresh
        ),
        batch_size=1000,
    )
    ask_consent(group.tenant, fresh)
    return fresh


def _set_senders(group: Group, emails: Sequence[str]) -> list[str]:
    found = sorted(resolve(emails, group.tenant, field="senders"))
    GroupSender.objects.filter(group=group).exclude(email__in=found).delete()
    GroupSender.objects.bulk_create(
        (GroupSender(tenant=group.tenant, group=group, email=email) for email in found),
        ignore_conflicts=True,
    )
    return found
