"""Gives a domain a pool of storage of its own, filled by what its mailboxes really hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.errors import QuotaRefused
from domains.services.check_quota import LARGEST
from domains.services.hold_domain import hold_domain

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Domain


def set_domain_pool(*, actor: Actor, domain: Domain, pool_bytes: int | None) -> Domain:
    """Set the pool; None: only the plan's counts. Less than is in use now loses nothing.

    While a pool is full, mail that would be kept is refused at RCPT. Raises QuotaRefused on `pool`,
    DomainNotProved, DomainBeingDeleted, NotAllowed.
    """
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    if pool_bytes is not None and not 0 < pool_bytes <= LARGEST:
        raise QuotaRefused(_("Give the pool a size, or leave it empty."), field="pool")
    with transaction.atomic():
        held = hold_domain(domain)
        if held.pool_bytes == pool_bytes:
            return held
        before, held.pool_bytes = held.pool_bytes, pool_bytes
        held.save(update_fields=["pool_bytes"])
        record_audit(
            actor,
            held.tenant,
            action="domain.pool",
            target=("domain", held.pk, held.name),
            changes={"storage_bytes": [before, pool_bytes]},
        )
    return held
