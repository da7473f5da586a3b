"""Asks for a fresh look at a domain's DNS, by a person or by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from domains.models import DnsCheck, Domain
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.actor import Actor

TASK = "domains.verify_dns"


def request_dns_check(*, actor: Actor, domain: Domain) -> DnsCheck:
    """Start a check unless one is running, which is then returned. Needs DOMAIN_VIEW."""
    require(actor, Action.DOMAIN_VIEW, domain.tenant)
    with transaction.atomic():
        Domain.objects.select_for_update(no_key=True, of=("self",)).get(pk=domain.pk)
        return open_check(domain, by_person=not actor.is_system)


def open_check(domain: Domain, *, by_person: bool) -> DnsCheck:
    """Return the unfinished check of `domain`, making one if there is none, and wake the worker.

    Call it inside a transaction that holds the domain's row.
    """
    check = DnsCheck.objects.filter(domain=domain, finished_at=None).order_by("pk").first()
    if check is None:
        check = DnsCheck.objects.create(
            tenant_id=domain.tenant_id, domain=domain, requested_by_person=by_person
        )
    after_commit(TASK, check.pk)
    return check
