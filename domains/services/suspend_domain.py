"""Stops and resumes a domain: nobody of it signs in or sends, mail is kept or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.models import DomainStatus
from domains.services.hold_domain import hold_domain, note_domain_change

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Domain


def suspend_domain(*, actor: Actor, domain: Domain, refuses_mail: bool = False) -> Domain:
    """Suspend every mailbox of the domain at once; open sessions end within two seconds.

    Mail is taken and kept, or with `refuses_mail` refused at once; doing it again changes that
    choice. Raises DomainNotProved, DomainBeingDeleted, NotAllowed.
    """
    return _switch(actor, domain, DomainStatus.SUSPENDED, refuses_mail=refuses_mail)


def resume_domain(*, actor: Actor, domain: Domain) -> Domain:
    """Serve it again; mailboxes suspended on their own stay so. Raises as `suspend_domain`."""
    return _switch(actor, domain, DomainStatus.ACTIVE, refuses_mail=False)


def _switch(actor: Actor, domain: Domain, status: DomainStatus, *, refuses_mail: bool) -> Domain:
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    with transaction.atomic():
        held = hold_domain(domain)
        before = (held.status, held.refuses_mail)
        if before == (status, refuses_mail):
            return held
        held.status, held.refuses_mail = status, refuses_mail
        held.save(update_fields=["status", "refuses_mail"])
        stopped = status == DomainStatus.SUSPENDED
        changes: dict[str, Any] = {"status": [before[0], status.value]}
        if before[1] != refuses_mail:
            changes["refuses_mail"] = [before[1], refuses_mail]
        record_audit(
            actor,
            held.tenant,
            action="domain.suspend" if stopped else "domain.resume",
            target=("domain", held.pk, held.name),
            changes=changes,
        )
        note_domain_change(held, kick=stopped)
    return held
