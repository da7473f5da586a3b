"""Gives a mailbox another address; the old one stays as an alias, and nothing moves on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.models import LoginName, User
from accounts.policy import require, require_over
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.errors import AddressTaken
from domains.models import (
    Address,
    Alias,
    AliasTarget,
    CatchAll,
    Grant,
    GroupMember,
    GroupSender,
)
from domains.services.claim_address import claim_address, read_localpart
from domains.services.hold_mailbox import hold_mailbox
from domains.services.read_targets import lock_forwarding
from domains.services.require_room import Room, require_room
from portal.errors import NotFound

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Domain, Mailbox


def rename_mailbox(
    *,
    actor: Actor,
    mailbox: Mailbox,
    domain: Domain,
    localpart: str,
    version: int | None = None,
) -> Mailbox:
    """Make it `localpart`@`domain`, another proved domain of the same tenant perhaps.

    The home is named by the mailbox's id, so the mail stays where it is. Its owner signs in by the
    new address at once; open sessions end. An alias of the new name that delivers only here gives
    way, so a renaming can be taken back. Raises NameRefused, AddressReserved, AddressTaken,
    DomainNotProved on their fields, ChangedMeanwhile, BeingDeleted, LimitReached, NotAllowed.
    """
    require(
        actor,
        Action.MAILBOX_CHANGE,
        mailbox.tenant,
        domain_ids=[mailbox.address.domain_id, domain.pk],
    )
    if mailbox.owner is not None:
        require_over(actor, mailbox.owner)
    local = read_localpart(localpart)
    with transaction.atomic():
        lock_forwarding(mailbox.tenant)
        held = hold_mailbox(mailbox, version=version)
        if domain.tenant_id != held.tenant_id:
            raise NotFound
        old, wanted = held.address, f"{local.text}@{domain.name}"
        if wanted == old.email:
            return held
        if not _give_way(old, wanted):
            require_room(held.tenant, Room.ALIASES)
        new = claim_address(domain, local.text)
        held.address = new
        held.version += 1
        held.save(update_fields=["address", "version"])
        _lead_here(old, new)
        _sign_in_by(held, old.email, new.email)
        note_access_change(address=old.email, mailbox_id=held.pk, kick=True)
        note_access_change(address=new.email, mailbox_id=held.pk)
        record_audit(
            actor,
            held.tenant,
            action="mailbox.rename",
            target=("mailbox", held.pk, new.email),
            changes={"address": [old.email, new.email]},
        )
    return held


def _give_way(old: Address, wanted: str) -> bool:
    """Remove an alias at the wanted address when the mailbox is all it delivers to.

    Where the alias was a member of a group, the mailbox is from now on.
    """
    alias = Alias.objects.filter(address__email=wanted).select_related("address").first()
    if alias is None:
        return False
    if set(alias.targets.values_list("address_id", flat=True)) != {old.pk}:
        raise AddressTaken(field="localpart")
    address = alias.address
    known = GroupMember.objects.filter(address=old).values("group")
    GroupMember.objects.filter(address=address).exclude(group__in=known).update(
        address=old, email=old.email
    )
    alias.delete()
    address.delete()
    return True


def _lead_here(old: Address, new: Address) -> None:
    """Everything that delivered to the old address delivers to the new one; the old is an alias."""
    AliasTarget.objects.filter(address=old).update(address=new)
    CatchAll.objects.filter(address=old).update(address=new)
    Grant.objects.filter(address=old).update(address=new)
    GroupMember.objects.filter(address=old).update(address=new, email=new.email)
    # only the tenant's own lists: what others wrote down is theirs
    senders = GroupSender.objects.filter(tenant=old.tenant_id)
    known = senders.filter(email=new.email).values("group")
    senders.filter(email=old.email, group__in=known).delete()
    senders.filter(email=old.email).update(email=new.email)
    alias = Alias.objects.create(tenant_id=old.tenant_id, address=old)
    AliasTarget.objects.create(tenant_id=old.tenant_id, alias=alias, address=new)


def _sign_in_by(mailbox: Mailbox, old: str, new: str) -> None:
    """Let the owner sign in by the new address; the old one, now an alias, goes on as before."""
    owner = User.objects.filter(pk=mailbox.owner_id or 0).first()
    if owner is None:
        return
    others = User.objects.filter(email=new).exclude(pk=owner.pk)
    known = LoginName.objects.filter(address=new).exclude(user=owner)
    if others.exists() or known.exists():
        raise AddressTaken(field="localpart")
    LoginName.objects.get_or_create(address=new, defaults={"user": owner})
    if owner.email == old:
        owner.email = new
        owner.save(update_fields=["email"])
