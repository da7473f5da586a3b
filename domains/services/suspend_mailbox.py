"""Stops and resumes the use of a mailbox: nobody reads or sends, mail is kept or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def suspend_mailbox(*, actor: Actor, mailbox: Mailbox, refuses_mail: bool = False) -> Mailbox:
    """Suspend; open sessions end within two seconds. Doing it twice changes nothing.

    Mail is taken and kept, or with `refuses_mail` refused at once; doing it again changes that
    choice. Raises BeingDeleted, NotAllowed.
    """
    return _switch(actor, mailbox, MailboxStatus.SUSPENDED, refuses_mail=refuses_mail)


def resume_mailbox(*, actor: Actor, mailbox: Mailbox) -> Mailbox:
    """Let it be used again. Doing it twice changes nothing. Raises BeingDeleted, NotAllowed."""
    return _switch(actor, mailbox, MailboxStatus.ACTIVE, refuses_mail=False)


def _switch(
    actor: Actor, mailbox: Mailbox, status: MailboxStatus, *, refuses_mail: bool
) -> Mailbox:
    require(actor, Action.MAILBOX_CHANGE, mailbox.tenant, domain_ids=[mailbox.address.domain_id])
    with transaction.atomic():
        held = hold_mailbox(mailbox)
        before = (held.status, held.refuses_mail)
        if before == (status, refuses_mail):
            return held
        held.status, held.refuses_mail = status, refuses_mail
        held.version += 1
        held.save(update_fields=["status", "refuses_mail", "version"])
        stopped = status == MailboxStatus.SUSPENDED
        note_access_change(address=held.address.email, mailbox_id=held.pk, kick=stopped)
        changes: dict[str, Any] = {"status": [before[0], status.value]}
        if before[1] != refuses_mail:
            changes["refuses_mail"] = [before[1], refuses_mail]
        record_audit(
            actor,
            held.tenant,
            action="mailbox.suspend" if stopped else "mailbox.resume",
            target=("mailbox", held.pk, held.address.email),
            changes=changes,
        )
    return held
