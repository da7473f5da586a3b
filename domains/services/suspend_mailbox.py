"""Stops and resumes the use of a mailbox: it keeps receiving, nobody reads or sends from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.models import MailboxStatus
from domains.services.hold_mailbox import hold_mailbox

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Mailbox


def suspend_mailbox(*, actor: Actor, mailbox: Mailbox) -> Mailbox:
    """Suspend; open sessions end within two seconds. Doing it twice changes nothing.

    Raises BeingDeleted, NotAllowed.
    """
    return _switch(actor, mailbox, MailboxStatus.SUSPENDED)


def resume_mailbox(*, actor: Actor, mailbox: Mailbox) -> Mailbox:
    """Let it be used again. Doing it twice changes nothing. Raises BeingDeleted, NotAllowed."""
    return _switch(actor, mailbox, MailboxStatus.ACTIVE)


def _switch(actor: Actor, mailbox: Mailbox, status: MailboxStatus) -> Mailbox:
    require(actor, Action.MAILBOX_CHANGE, mailbox.tenant)
    with transaction.atomic():
        held = hold_mailbox(mailbox)
        if held.status == status:
            return held
        before, held.status = held.status, status
        held.version += 1
        held.save(update_fields=["status", "version"])
        stopped = status == MailboxStatus.SUSPENDED
        note_access_change(address=held.address.email, mailbox_id=held.pk, kick=stopped)
        record_audit(
            actor,
            held.tenant,
            action="mailbox.suspend" if stopped else "mailbox.resume",
            target=("mailbox", held.pk, held.address.email),
            changes={"status": [before, status.value]},
        )
    return held
