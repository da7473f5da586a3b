"""Lets forwardings that run go on when a domain changes hands and what was inside lies outside."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from django.utils import timezone

from domains.models import Consent, ConsentState, ForwarderTarget, GroupMember, Mailbox, RuleTarget
from domains.selectors import outside_of
from domains.services.ask_consent import LIFE, TASK
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.models import Tenant
    from domains.models import Domain


def carry_consents(*, domain: Domain, source: Tenant, target: Tenant) -> None:
    """Carry answers over from `source`, inside the transaction that moved `domain` to `target`.

    Who was asked there and has not answered is asked anew, who refused has refused. What needed
    no consent before, inside the old tenant or by its plan, counts as agreed.
    """
    moved = _targets(domain)
    known = {row.email: row for row in Consent.objects.filter(tenant=source, email__in=moved)}
    rows = [_row(target, email, known.get(email)) for email in outside_of(target, moved)]
    left = _led_to(domain, source)
    rows += [_row(source, email, None) for email in outside_of(source, left)]
    Consent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    after_commit(TASK)


def _targets(domain: Domain) -> set[str]:
    boxes = Mailbox.objects.filter(address__domain=domain).exclude(forward_to=[])
    forwarders = ForwarderTarget.objects.filter(forwarder__address__domain=domain)
    members = GroupMember.objects.filter(group__address__domain=domain, address=None)
    rules = RuleTarget.objects.filter(mailbox__address__domain=domain)
    return {
        *rules.values_list("email", flat=True),
        *chain.from_iterable(boxes.values_list("forward_to", flat=True)),
        *forwarders.values_list("email", flat=True),
        *members.values_list("email", flat=True),
    }


def _led_to(domain: Domain, source: Tenant) -> set[str]:
    """Return the addresses in `domain` that forwardings left behind in `source` lead to."""
    ending = f"@{domain.name}"
    boxes = Mailbox.objects.filter(tenant=source).exclude(forward_to=[])
    forwarders = ForwarderTarget.objects.filter(forwarder__tenant=source, email__endswith=ending)
    members = GroupMember.objects.filter(tenant=source, address=None, email__endswith=ending)
    return {
        *(
            email
            for email in chain.from_iterable(boxes.values_list("forward_to", flat=True))
            if email.endswith(ending)
        ),
        *forwarders.values_list("email", flat=True),
        *members.values_list("email", flat=True),
    }


def _row(tenant: Tenant, email: str, before: Consent | None) -> Consent:
    now = timezone.now()
    state = before.state if before else ConsentState.CONFIRMED
    return Consent(
        tenant=tenant,
        email=email,
        requested_at=now,
        expires_at=now + LIFE,
        letter_due=state == ConsentState.WAITING,
        confirmed_at=now if state == ConsentState.CONFIRMED else None,
        stopped_at=now if state == ConsentState.STOPPED else None,
    )
