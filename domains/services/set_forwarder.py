"""Creates, changes and deletes forwarders: addresses without a mailbox that pass mail on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.models import Forwarder, ForwarderTarget
from domains.services.ask_consent import ask_consent
from domains.services.claim_address import claim_address, read_localpart
from domains.services.read_targets import lock_forwarding, read_targets, refuse_loops
from domains.services.require_feature import require_forwarding
from domains.services.require_room import Room, require_room
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from domains.models import Domain


def create_forwarder(
    *, actor: Actor, domain: Domain, localpart: str, targets: Sequence[str]
) -> Forwarder:
    """Make `localpart`@`domain` pass mail on to `targets` anywhere, to those outside once they agree.

    Raises NameRefused, AddressReserved, AddressTaken, DomainNotProved, TargetRefused,
    ForwardLoop, TooManyTargets on their fields, LimitReached, NotAllowed.
    """
    tenant = domain.tenant
    require(actor, Action.FORWARDER_CHANGE, tenant, domain_ids=[domain.pk])
    local = read_localpart(localpart)
    wanted = read_targets(targets)
    with transaction.atomic():
        lock_forwarding(tenant)
        require_room(tenant, Room.FORWARDERS)
        require_forwarding(tenant, wanted, [])
        address = claim_address(domain, local.text)
        refuse_loops(address.email, wanted, tenant)
        forwarder = Forwarder.objects.create(tenant=tenant, address=address)
        _write(forwarder, wanted)
        ask_consent(tenant, wanted)
        record_audit(
            actor,
            tenant,
            action="forwarder.create",
            target=("forwarder", forwarder.pk, address.email),
            changes={"targets": [[], wanted]},
        )
    return forwarder


def change_forwarder(
    *, actor: Actor, forwarder: Forwarder, targets: Sequence[str], is_enabled: bool = True
) -> Forwarder:
    """Replace the targets. Raises TargetRefused and its kin on `targets`, NotFound, NotAllowed."""
    require(
        actor, Action.FORWARDER_CHANGE, forwarder.tenant, domain_ids=[forwarder.address.domain_id]
    )
    wanted = read_targets(targets)
    with transaction.atomic():
        lock_forwarding(forwarder.tenant)
        held = _hold(forwarder)
        refuse_loops(held.address.email, wanted, held.tenant)
        before = sorted(held.targets.values_list("email", flat=True))
        require_forwarding(held.tenant, wanted, before)
        was_enabled, held.is_enabled = held.is_enabled, is_enabled
        held.save(update_fields=["is_enabled"])
        held.targets.all().delete()
        _write(held, wanted)
        ask_consent(held.tenant, wanted)
        record_audit(
            actor,
            held.tenant,
            action="forwarder.change",
            target=("forwarder", held.pk, held.address.email),
            changes={"targets": [before, wanted], "is_enabled": [was_enabled, is_enabled]},
        )
    return held


def delete_forwarder(*, actor: Actor, forwarder: Forwarder) -> None:
    """Free the address. Raises NotFound, NotAllowed."""
    require(
        actor, Action.FORWARDER_CHANGE, forwarder.tenant, domain_ids=[forwarder.address.domain_id]
    )
    with transaction.atomic():
        held = _hold(forwarder)
        address = held.address
        note_access_change(address=address.email)
        record_audit(
            actor,
            held.tenant,
            action="forwarder.delete",
            target=("forwarder", held.pk, address.email),
        )
        held.delete()
        address.delete()


def _hold(forwarder: Forwarder) -> Forwarder:
    held = (
        Forwarder.objects.select_for_update(of=("self",))
        .select_related("address", "tenant")
        .filter(pk=forwarder.pk)
        .first()
    )
    if held is None:
        raise NotFound
    return held


def _write(forwarder: Forwarder, targets: Sequence[str]) -> None:
    ForwarderTarget.objects.bulk_create(
        ForwarderTarget(forwarder=forwarder, email=email) for email in targets
    )
    note_access_change(address=forwarder.address.email)
