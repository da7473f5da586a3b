"""Starts the change of a domain's DKIM key, and takes it back as long as the old key signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.dkim import make_key_pair
from domains.errors import NothingSigns, RotationOver, RotationUnderWay
from domains.models import OPEN_ROTATIONS, DkimKey, KeyRotation, RotationState
from domains.selectors import signing_key
from domains.services.hold_domain import hold_domain
from domains.services.ready_keys import SELECTORS, add_keys, renew_key
from domains.services.request_dns_check import open_check

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Domain


def start_rotation(*, actor: Actor, domain: Domain) -> KeyRotation:
    """Put a fresh key under the selector that rests, and begin to look for its record.

    Signing stays as it is until the record was seen. Needs DOMAIN_CHANGE. Raises RotationUnderWay,
    NothingSigns, DomainNotProved, DomainBeingDeleted, NotAllowed.
    """
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    pair = make_key_pair()  # before anything is locked: it takes its time
    with transaction.atomic():
        held = hold_domain(domain)
        if KeyRotation.objects.filter(domain=held, state__in=OPEN_ROTATIONS).exists():
            raise RotationUnderWay
        add_keys(held)
        keys = {key.selector: key for key in DkimKey.objects.filter(domain=held)}
        old = signing_key(keys.values())
        if old is None:
            raise NothingSigns
        fresh = keys[next(one for one in SELECTORS if one != old.selector)]
        fresh.domain = held
        renew_key(fresh, pair)
        rotation = KeyRotation.objects.create(
            tenant_id=held.tenant_id,
            domain=held,
            from_selector=old.selector,
            to_selector=fresh.selector,
            next_look_at=timezone.now(),
        )
        record_audit(
            actor,
            held.tenant,
            action="dkim.rotate",
            target=("domain", held.pk, held.name),
            changes={"selector": [old.selector, fresh.selector]},
        )
        open_check(held, by_person=not actor.is_system)
    return rotation


def cancel_rotation(*, actor: Actor, domain: Domain) -> KeyRotation:
    """Leave signing with the old key; the fresh one rests. Needs DOMAIN_CHANGE.

    Raises RotationOver once the new key signs, or when nothing is being changed.
    """
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    with transaction.atomic():
        held = hold_domain(domain, may_be_deleting=True)
        rotation = KeyRotation.objects.filter(domain=held, state__in=OPEN_ROTATIONS).first()
        if rotation is None or not rotation.is_before_switch:
            raise RotationOver
        rotation.state = RotationState.CANCELLED
        rotation.next_look_at, rotation.ended_at = None, timezone.now()
        rotation.save(update_fields=["state", "next_look_at", "ended_at"])
        record_audit(
            actor,
            held.tenant,
            action="dkim.cancel",
            target=("domain", held.pk, held.name),
            changes={"selector": [rotation.to_selector, rotation.from_selector]},
        )
    return rotation
