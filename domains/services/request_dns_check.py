"""Asks for a fresh look at a domain's DNS, by a person or by the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.policy import require
from accounts.roles import Action
from domains.models import DnsCheck, Domain
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.actor import Actor

TASK = "domains.verify_dns"
ONE_CLICK = timedelta(seconds=2)
RESCUE = timedelta(seconds=30)  # a lost nudge or worker costs the waiting person this long


def request_dns_check(*, actor: Actor, domain: Domain) -> DnsCheck:
    """Start a check. Needs DOMAIN_VIEW.

    A check that runs already may have asked before the person's last change, so a new one follows
    it; only a second click within two seconds finds the first one's. The clock looks after it.
    """
    require(actor, Action.DOMAIN_VIEW, domain.tenant, domain_ids=[domain.pk])
    with transaction.atomic():
        row = Domain.objects.select_for_update(no_key=True, of=("self",)).get(pk=domain.pk)
        soon = timezone.now() + RESCUE
        if row.next_check_at is None or row.next_check_at > soon:
            row.next_check_at = soon
            row.save(update_fields=["next_check_at"])
        return open_check(row, by_person=not actor.is_system)


def open_check(domain: Domain, *, by_person: bool) -> DnsCheck:
    """Return an unfinished check of `domain`, making one if need be, and wake the worker.

    Call it inside a transaction that holds the domain's row.
    """
    check = DnsCheck.objects.filter(domain=domain, finished_at=None).order_by("-pk").first()
    if check is None or (by_person and not _is_same_click(check)):
        check = DnsCheck.objects.create(
            tenant_id=domain.tenant_id, domain=domain, requested_by_person=by_person
        )
    after_commit(TASK, check.pk)
    return check


def _is_same_click(check: DnsCheck) -> bool:
    return check.requested_by_person and timezone.now() - check.requested_at <= ONE_CLICK
