"""Creates, changes and deletes aliases: addresses that deliver to mailboxes of the same tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import LoginName
from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.errors import AddressReserved, TargetRefused, TooManyTargets
from domains.models import Address, Alias, AliasTarget
from domains.names import RESERVED_LOCALPARTS, stored_address
from domains.selectors import mailbox_addresses_of
from domains.services.claim_address import claim_address, read_localpart
from domains.services.keep_reserved import drop_alias, keep_reserved
from domains.services.read_targets import lock_forwarding, refuse_loops
from domains.services.require_room import Room, require_room
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection

    from accounts.actor import Actor
    from accounts.models import Tenant
    from domains.models import Domain

MAX_TARGETS = 100


def create_alias(
    *, actor: Actor, domain: Domain, localpart: str, mailboxes: Collection[str]
) -> Alias:
    """Make `localpart`@`domain` deliver to `mailboxes`, addresses of mailboxes of the tenant.

    Raises NameRefused, AddressReserved, AddressTaken, DomainNotProved, TargetRefused on their
    fields, LimitReached, NotAllowed.
    """
    tenant = domain.tenant
    require(actor, Action.ALIAS_CHANGE, tenant, domain_ids=[domain.pk])
    local = read_localpart(localpart)
    with transaction.atomic():
        lock_forwarding(tenant)
        targets = _targets(tenant, mailboxes)
        require_room(tenant, Room.ALIASES)
        address = claim_address(domain, local.text)
        refuse_loops(address.email, [t.email for t in targets], tenant, field="mailboxes")
        alias = Alias.objects.create(tenant=tenant, address=address)
        _write(alias, targets)
        record_audit(
            actor,
            tenant,
            action="alias.create",
            target=("alias", alias.pk, address.email),
            changes={"mailboxes": [[], [t.email for t in targets]]},
        )
    return alias


def change_alias(
    *, actor: Actor, alias: Alias, mailboxes: Collection[str], is_enabled: bool = True
) -> Alias:
    """Replace the targets. Raises TargetRefused on `mailboxes`, NotFound, NotAllowed.

    postmaster and abuse without any go back to the default: the company's admins.
    """
    require(actor, Action.ALIAS_CHANGE, alias.tenant, domain_ids=[alias.address.domain_id])
    with transaction.atomic():
        lock_forwarding(alias.tenant)
        held = _hold(alias)
        if held.address.localpart in RESERVED_LOCALPARTS and not is_enabled:
            raise AddressReserved(field="is_enabled")
        if held.address.localpart in RESERVED_LOCALPARTS and not any(m.strip() for m in mailboxes):
            return _back_to_admins(actor, held)
        targets = _targets(held.tenant, mailboxes)
        refuse_loops(held.address.email, [t.email for t in targets], held.tenant, field="mailboxes")
        before = sorted(held.targets.values_list("address__email", flat=True))
        was_enabled, held.is_enabled = held.is_enabled, is_enabled
        held.to_admins = False
        held.save(update_fields=["is_enabled", "to_admins"])
        held.targets.all().delete()
        _write(held, targets)
        record_audit(
            actor,
            held.tenant,
            action="alias.change",
            target=("alias", held.pk, held.address.email),
            changes={
                "mailboxes": [before, [t.email for t in targets]],
                "is_enabled": [was_enabled, is_enabled],
            },
        )
    return held


def delete_alias(*, actor: Actor, alias: Alias) -> None:
    """Free the address. Raises AddressReserved for postmaster and abuse, NotFound, NotAllowed."""
    require(actor, Action.ALIAS_CHANGE, alias.tenant, domain_ids=[alias.address.domain_id])
    with transaction.atomic():
        held = _hold(alias)
        address = held.address
        if address.localpart in RESERVED_LOCALPARTS:
            raise AddressReserved
        record_audit(
            actor,
            held.tenant,
            action="alias.delete",
            target=("alias", held.pk, address.email),
        )
        drop_alias(held)


def _back_to_admins(actor: Actor, held: Alias) -> Alias:
    before = sorted(held.targets.values_list("address__email", flat=True))
    held.to_admins = True
    held.save(update_fields=["to_admins"])
    keep_reserved(held.address.domain)
    write_login_name(held)
    after = sorted(held.targets.values_list("address__email", flat=True))
    record_audit(
        actor,
        held.tenant,
        action="alias.change",
        target=("alias", held.pk, held.address.email),
        changes={"mailboxes": [before, after]},
    )
    return held


def _hold(alias: Alias) -> Alias:
    held = (
        Alias.objects.select_for_update(of=("self",))
        .select_related("address", "tenant")
        .filter(pk=alias.pk)
        .first()
    )
    if held is None:
        raise NotFound
    return held


def _targets(tenant: Tenant, mailboxes: Collection[str]) -> list[Address]:
    wanted = {stored_address(text, field="mailboxes") for text in mailboxes if text.strip()}
    if not wanted:
        raise TargetRefused(
            _("Choose at least one mailbox that the alias delivers to."), field="mailboxes"
        )
    if len(wanted) > MAX_TARGETS:
        raise TooManyTargets(
            ngettext(
                "An alias delivers to at most %(max)d mailbox.",
                "An alias delivers to at most %(max)d mailboxes. For more readers, make a group.",
                MAX_TARGETS,
            )
            % {"max": MAX_TARGETS},
            field="mailboxes",
        )
    found = list(mailbox_addresses_of(tenant).filter(email__in=wanted))
    if missing := sorted(wanted - {address.email for address in found}):
        raise TargetRefused(
            _(
                "%(address)s is no mailbox of yours. An alias delivers to mailboxes; to pass mail "
                "on elsewhere, make a forwarder."
            )
            % {"address": missing[0][:100]},
            field="mailboxes",
        )
    return found


def _write(alias: Alias, targets: list[Address]) -> None:
    AliasTarget.objects.bulk_create(
        AliasTarget(tenant_id=alias.tenant_id, alias=alias, address=address) for address in targets
    )
    write_login_name(alias)


def write_login_name(alias: Alias) -> None:
    """Keep the rule that an alias with one reader is also a name he signs in with."""
    email = alias.address.email
    note_access_change(address=email)
    LoginName.objects.filter(address=email).exclude(user__email=email).delete()
    readers = alias.targets.values_list("address__mailbox__owner", flat=True)[:2]
    owner = readers[0] if len(readers) == 1 else None
    if owner is not None and alias.is_enabled:
        LoginName.objects.get_or_create(address=email, defaults={"user_id": owner})
