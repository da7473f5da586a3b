"""Gives and takes what one mailbox may do with another address: open it, or send as it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.errors import GrantRefused
from domains.models import Access, Address, Grant, Group, Mailbox, MailboxStatus, Sends
from domains.names import show_address, stored_address
from portal.errors import NotFound

if TYPE_CHECKING:
    from accounts.actor import Actor


def set_grant(
    *,
    actor: Actor,
    address: Address,
    grantee: str,
    access: str = Access.NONE,
    sends: str = Sends.NONE,
) -> Grant | None:
    """Let the mailbox `grantee` do this with `address`, and nothing more; None when nothing is left.

    Effective at once: what was taken away ends open sessions. Raises GrantRefused and NameRefused on
    `grantee`, GrantRefused on `access`, NotFound, NotAllowed.
    """
    require(actor, _action(address), address.tenant, domain_ids=[address.domain_id])
    with transaction.atomic():
        held = _hold(address)
        mailbox = _grantee(held, grantee)
        if access and not _is_shared(held):
            raise GrantRefused(
                _("Only a shared mailbox can be opened by others: one that nobody owns."),
                field="access",
            )
        before = Grant.objects.filter(address=held, mailbox=mailbox).first()
        old = {"access": before.access, "sends": before.sends} if before else {}
        new = {"access": Access(access).value, "sends": Sends(sends).value}
        if not any(new.values()):
            if before is not None:
                _take(actor, before)
            return None
        if old == new:
            return before
        grant, _made = Grant.objects.update_or_create(
            address=held, mailbox=mailbox, defaults={**new, "tenant": held.tenant}
        )
        _tell(grant, was_open=bool(old.get("access")))
        record_audit(
            actor,
            held.tenant,
            action="grant.change" if before else "grant.give",
            target=_target(held),
            changes={
                "to": ["", mailbox.address.email],
                **{
                    key: [old.get(key, ""), new[key]] for key in new if old.get(key, "") != new[key]
                },
            },
        )
    return grant


def take_grant(*, actor: Actor, address: Address, grant_id: int) -> Grant:
    """Take everything of one grant away; open sessions end. Raises NotFound, NotAllowed."""
    require(actor, _action(address), address.tenant, domain_ids=[address.domain_id])
    with transaction.atomic():
        held = _hold(address)
        grant = (
            Grant.objects.select_related("mailbox__address", "address", "tenant")
            .filter(address=held, pk=grant_id)
            .first()
        )
        if grant is None:
            raise NotFound
        _take(actor, grant)
    return grant


def _take(actor: Actor, grant: Grant) -> None:
    was = {"access": grant.access, "sends": grant.sends}
    _tell(grant, was_open=bool(grant.access))
    record_audit(
        actor,
        grant.tenant,
        action="grant.take",
        target=_target(grant.address),
        changes={
            "from": [grant.mailbox.address.email, ""],
            **{key: [value, ""] for key, value in was.items() if value},
        },
    )
    Grant.objects.filter(pk=grant.pk).delete()


def _tell(grant: Grant, *, was_open: bool) -> None:
    """Have Dovecot and the webmail look again at both mailboxes; who may do less is cut off.

    A member's own session carries the rights it was opened with, so that it ends as well.
    """
    if not was_open and not grant.access:
        return
    box = Mailbox.objects.get(address=grant.address)
    note_access_change(address=grant.address.email, mailbox_id=box.pk, kick=was_open)
    note_access_change(
        address=grant.mailbox.address.email, mailbox_id=grant.mailbox_id, kick=was_open
    )


def _hold(address: Address) -> Address:
    held = Address.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant")
    found = held.filter(pk=address.pk).first()
    if found is None:
        raise NotFound
    return found


def _grantee(address: Address, text: str) -> Mailbox:
    wanted = stored_address(text, field="grantee")
    found = (
        Mailbox.objects.select_related("address")
        .filter(tenant=address.tenant, address__email=wanted)
        .exclude(status=MailboxStatus.DELETING)
        .first()
    )
    if found is None:
        raise GrantRefused(
            _("%(address)s is no mailbox here.") % {"address": show_address(wanted)},
            field="grantee",
        )
    if found.owner_id is None:
        raise GrantRefused(
            _("%(address)s is a shared mailbox itself: nobody signs in as it.")
            % {"address": show_address(wanted)},
            field="grantee",
        )
    if found.address_id == address.pk:
        raise GrantRefused(_("A mailbox needs no grant on itself."), field="grantee")
    return found


def _is_shared(address: Address) -> bool:
    return Mailbox.objects.filter(address=address, owner=None).exists()


def _action(address: Address) -> Action:
    is_group = Group.objects.filter(address=address).exists()
    return Action.GROUP_CHANGE if is_group else Action.MAILBOX_CHANGE


def _target(address: Address) -> tuple[str, int, str]:
    group = Group.objects.filter(address=address).values_list("pk", flat=True).first()
    if group is not None:
        return ("group", group, address.email)
    return (
        "mailbox",
        Mailbox.objects.values_list("pk", flat=True).get(address=address),
        address.email,
    )
