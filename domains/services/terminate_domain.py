"""Ends a domain and all in it with days of grace, and lets it come back until they are over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.errors import GraceOver
from domains.models import DomainStatus
from domains.services.hold_domain import hold_domain, note_domain_change
from portal.errors import InvalidInput
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Domain

GRACE_CHOICES = (90, 30, 7, 0)  # days


def terminate_domain(*, actor: Actor, domain: Domain, grace_days: int) -> Domain:
    """Host nothing in it from now on and delete all of it after `grace_days`; 0: at once.

    Nobody signs in, the name stays taken, nothing is lost before the day. Doing it again only moves
    the day. Raises GraceOver when the deletion has begun, DomainNotProved, NotAllowed, InvalidInput.
    """
    require(actor, Action.DOMAIN_DELETE, domain.tenant)
    if grace_days not in GRACE_CHOICES:
        raise InvalidInput(_("Choose one of the periods offered."), field="grace_days")
    with transaction.atomic():
        held = hold_domain(domain, may_be_deleting=True)
        _refuse_begun(held)
        before = held.status
        if before != DomainStatus.DELETING:
            held.was_suspended = before == DomainStatus.SUSPENDED
        held.status = DomainStatus.DELETING
        held.delete_after = timezone.now() + timedelta(days=grace_days)
        held.save(update_fields=["status", "delete_after", "was_suspended"])
        record_audit(
            actor,
            held.tenant,
            action="domain.terminate",
            target=("domain", held.pk, held.name),
            changes={
                "status": [before, held.status],
                "delete_after": ["", held.delete_after.isoformat()],
            },
        )
        note_domain_change(held, kick=True)
        if grace_days == 0:
            after_commit("domains.purge_deleted")
    return held


def restore_domain(*, actor: Actor, domain: Domain) -> Domain:
    """Undo the end: the domain becomes what it was. Doing it twice changes nothing.

    Raises GraceOver when the deletion has begun, NotFound once it is done, NotAllowed.
    """
    require(actor, Action.DOMAIN_DELETE, domain.tenant)
    with transaction.atomic():
        held = hold_domain(domain, may_be_deleting=True)
        if held.status != DomainStatus.DELETING:
            return held
        _refuse_begun(held)
        held.status = DomainStatus.SUSPENDED if held.was_suspended else DomainStatus.ACTIVE
        held.delete_after, held.was_suspended = None, False
        held.save(update_fields=["status", "delete_after", "was_suspended"])
        record_audit(
            actor,
            held.tenant,
            action="domain.restore",
            target=("domain", held.pk, held.name),
            changes={"status": [DomainStatus.DELETING.value, held.status]},
        )
        note_domain_change(held, kick=False)
    return held


def _refuse_begun(domain: Domain) -> None:
    """Raise GraceOver once mailboxes may be gone: what is half empty never comes back."""
    is_over = domain.delete_after is not None and domain.delete_after <= timezone.now()
    if domain.status == DomainStatus.DELETING and is_over:
        raise GraceOver
