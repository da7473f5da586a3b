"""Chooses what a domain's MTA-STS policy asks of other servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.services.hold_domain import hold_domain
from domains.services.request_dns_check import open_check

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Domain, StsMode


def set_mta_sts(*, actor: Actor, domain: Domain, mode: StsMode) -> Domain:
    """Serve another policy from now on; the DNS then wants a new id. Needs DOMAIN_CHANGE.

    Raises DomainNotProved, DomainBeingDeleted, NotAllowed. The same mode again changes nothing.
    """
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    with transaction.atomic():
        held = hold_domain(domain)
        before = held.mta_sts_mode
        if before == mode:
            return held
        held.mta_sts_mode = mode
        held.save(update_fields=["mta_sts_mode"])
        record_audit(
            actor,
            held.tenant,
            action="domain.mta_sts",
            target=("domain", held.pk, held.name),
            changes={"mta_sts_mode": [before, mode.value]},
        )
        open_check(held, by_person=False)
    return held
