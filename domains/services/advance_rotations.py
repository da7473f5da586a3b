"""Moves changes of DKIM keys on: sees the new record, lets the new key sign, ends the old one.

Signing follows what the domain's own name servers say, twice and an hour apart, and never a guess:
a look that gets no answer changes nothing. Each step is one transaction under the domain's lock.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.services.record_audit import record_audit
from domains.dkim import make_key_pair
from domains.dns.records import TTL_SECONDS, DkimPublic, key_proofs
from domains.dns.resolver import observe
from domains.dns.schedule import HOURLY, next_look
from domains.dns.verdict import Outcome, judge
from domains.models import (
    BEFORE_SWITCH,
    DkimKey,
    Domain,
    DomainStatus,
    KeyRotation,
    RotationState,
)
from domains.services.ready_keys import publish_keys, renew_key
from domains.services.request_dns_check import open_check
from portal.nudge import after_commit

if TYPE_CHECKING:
    from datetime import datetime

    from domains.dkim import KeyPair

SETTLE = timedelta(seconds=TTL_SECONDS)  # until nobody remembers what stood there before
GRACE = timedelta(days=7)  # mail under way still finds the old key; Postfix gives up after five
LEASE = timedelta(minutes=5)  # a lost worker costs this long
BATCH = 7  # two silent zones each, and the task still ends within its time
TASK = "domains.rotate_keys"
_STEPS = [  # what a step may write
    "state",
    "next_look_at",
    "looked_at",
    "verdict",
    "seen_at",
    "switch_after",
    "switched_at",
    "retire_after",
    "ended_at",
]


def advance_rotations(*, batch: int = BATCH) -> int:
    """Take the next step of the changes that are due, at most `batch`; return how many."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            KeyRotation.objects.select_for_update(skip_locked=True)
            .filter(next_look_at__lte=now)
            .order_by("next_look_at")
            .values_list("pk", flat=True)[:batch]
        )
        KeyRotation.objects.filter(pk__in=due).update(next_look_at=now + LEASE)
    for rotation_id in due:
        advance_rotation(rotation_id=rotation_id)
    if len(due) == batch:
        after_commit(TASK)
    return len(due)


def advance_rotation_of(domain_id: int) -> None:
    """Look for the new key of a domain now, because somebody asked to look at its DNS."""
    waiting = KeyRotation.objects.filter(domain=domain_id, state__in=BEFORE_SWITCH)
    for rotation_id in waiting.values_list("pk", flat=True):
        advance_rotation(rotation_id=rotation_id)


def advance_rotation(*, rotation_id: int) -> None:
    """Take one step if it is time. Idempotent; asks the network outside any transaction."""
    known = KeyRotation.objects.select_related("domain").filter(pk=rotation_id).first()
    if known is None or not known.is_open:
        return
    outcome = _look(known) if known.is_before_switch else None
    pair = make_key_pair() if outcome is None else None  # for the selector that rests from now on
    with transaction.atomic():
        domain = (
            Domain.objects.select_for_update(no_key=True, of=("self",))
            .select_related("tenant")
            .filter(pk=known.domain_id)
            .first()
        )
        rotation = KeyRotation.objects.filter(pk=rotation_id, state=known.state).first()
        if domain is None or rotation is None:
            return  # somebody else took the step, or took it back
        rotation.domain = domain
        if domain.status == DomainStatus.DELETING:
            rotation.next_look_at = timezone.now() + HOURLY
        elif outcome is not None:
            _follow(rotation, outcome)
        elif pair is not None:
            _retire(rotation, pair)
        rotation.save(update_fields=_STEPS)
        if rotation.state != known.state or rotation.verdict != known.verdict:
            open_check(domain, by_person=False)  # the page shows what that one sees


def _look(rotation: KeyRotation) -> Outcome:
    """Return what the name servers say of the new key: the domain's, and ours where it leads there."""
    domain = rotation.domain
    publish_keys(domain)
    key = DkimKey.objects.get(domain=domain, selector=rotation.to_selector)
    found = set()
    for record in key_proofs(
        domain.name, DkimPublic(key.selector, key.public_key, key.delegated_to, is_signing=False)
    ):
        zone = domain.name if record.name.endswith(f".{domain.name}") else record.name
        answers = observe(zone, [record.question]).answers[record.question]
        outcome = judge(record, answers).outcome
        found.add(outcome)
        if record.name == key.delegated_to and outcome in {Outcome.MISSING, Outcome.CONFLICT}:
            # a worker that was late may have written the key before this one
            DkimKey.objects.filter(pk=key.pk).update(published_at=None)
    order = (Outcome.CONFLICT, Outcome.MISSING, Outcome.UNKNOWN, Outcome.MATCH)
    return next(outcome for outcome in order if outcome in found)


def _follow(rotation: KeyRotation, outcome: Outcome) -> None:
    """Draw the conclusion of one look while the old key signs."""
    now = timezone.now()
    rotation.looked_at, rotation.verdict = now, outcome.value
    rotation.next_look_at = next_look(
        now=now, created_at=rotation.started_at, is_pending=True, is_unsettled=True
    )
    if outcome in {Outcome.MISSING, Outcome.CONFLICT}:
        if rotation.state == RotationState.SETTLING:
            _note(rotation, "dkim.lost")
        rotation.state = RotationState.PUBLISHING
        rotation.seen_at = rotation.switch_after = None
    elif outcome is Outcome.MATCH and rotation.state == RotationState.PUBLISHING:
        rotation.state = RotationState.SETTLING
        rotation.seen_at, rotation.switch_after = now, now + SETTLE
        rotation.next_look_at = rotation.switch_after
        _note(rotation, "dkim.seen")
    elif outcome is Outcome.MATCH and rotation.switch_after is not None:
        if rotation.switch_after <= now:
            _switch(rotation, now)
        else:
            rotation.next_look_at = rotation.switch_after


def _switch(rotation: KeyRotation, now: datetime) -> None:
    """Let the new key sign. The old one stays beside it: a signer may need a moment to follow."""
    DkimKey.objects.filter(domain=rotation.domain, selector=rotation.to_selector).update(
        active_at=now
    )
    rotation.state = RotationState.OVERLAP
    rotation.switched_at, rotation.retire_after = now, now + GRACE
    rotation.next_look_at = rotation.retire_after
    _note(rotation, "dkim.switch")


def _retire(rotation: KeyRotation, pair: KeyPair) -> None:
    """Destroy the old key when its days are over.

    Where our own zone holds the records, the next key takes its place there at once; the TXT record
    of a customer may go, and his selector stays without a key until the next change.
    """
    now = timezone.now()
    if rotation.retire_after is None or rotation.retire_after > now:
        rotation.next_look_at = rotation.retire_after
        return
    key = DkimKey.objects.get(domain=rotation.domain, selector=rotation.from_selector)
    if key.delegated_to:
        key.domain = rotation.domain
        renew_key(key, pair)
    else:
        key.private_sealed, key.retired_at = b"", now
        key.save(update_fields=["private_sealed", "retired_at"])
    rotation.state = RotationState.DONE
    rotation.next_look_at, rotation.ended_at = None, now
    _note(rotation, "dkim.retire")


def _note(rotation: KeyRotation, action: str) -> None:
    domain = rotation.domain
    record_audit(
        Actor.system(domain.tenant),
        domain.tenant,
        action=action,
        target=("domain", domain.pk, domain.name),
        changes={"selector": [rotation.from_selector, rotation.to_selector]},
    )
