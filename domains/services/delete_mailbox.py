"""Begins to delete a mailbox, with days of grace in which everything can be undone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.models import MailboxStatus
from domains.services.hold_mailbox import hold_mailbox
from portal.errors import InvalidInput
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Mailbox

GRACE_DAYS = 30
GRACE_CHOICES = (30, 7, 0)


def delete_mailbox(*, actor: Actor, mailbox: Mailbox, grace_days: int = GRACE_DAYS) -> Mailbox:
    """Stop its use now and free everything after `grace_days`; 0 means at once.

    Until then nobody signs in, the mail is kept and the address stays taken. Doing it again only
    moves the day. Raises NotAllowed, InvalidInput.
    """
    require(actor, Action.MAILBOX_DELETE, mailbox.tenant, domain_ids=[mailbox.address.domain_id])
    if grace_days not in GRACE_CHOICES:
        raise InvalidInput(_("Choose one of the periods offered."), field="grace_days")
    with transaction.atomic():
        held = hold_mailbox(mailbox, may_be_deleting=True)
        before = held.status
        if before != MailboxStatus.DELETING:
            held.was_suspended = before == MailboxStatus.SUSPENDED
        held.status = MailboxStatus.DELETING
        held.delete_after = timezone.now() + timedelta(days=grace_days)
        held.version += 1
        held.save(update_fields=["status", "delete_after", "was_suspended", "version"])
        note_access_change(address=held.address.email, mailbox_id=held.pk, kick=True)
        record_audit(
            actor,
            held.tenant,
            action="mailbox.delete",
            target=("mailbox", held.pk, held.address.email),
            changes={"status": [before, held.status], "grace_days": grace_days},
        )
        if grace_days == 0:
            after_commit("domains.purge_deleted")
    return held


def restore_mailbox(*, actor: Actor, mailbox: Mailbox) -> Mailbox:
    """Undo the deletion: it becomes what it was before. Doing it twice changes nothing.

    Raises NotFound once it was purged, NotAllowed.
    """
    require(actor, Action.MAILBOX_DELETE, mailbox.tenant, domain_ids=[mailbox.address.domain_id])
    with transaction.atomic():
        held = hold_mailbox(mailbox, may_be_deleting=True)
        if held.status != MailboxStatus.DELETING:
            return held
        held.status = MailboxStatus.SUSPENDED if held.was_suspended else MailboxStatus.ACTIVE
        held.delete_after, held.was_suspended = None, False
        held.version += 1
        held.save(update_fields=["status", "delete_after", "was_suspended", "version"])
        note_access_change(address=held.address.email, mailbox_id=held.pk)
        record_audit(
            actor,
            held.tenant,
            action="mailbox.restore",
            target=("mailbox", held.pk, held.address.email),
            changes={"status": [MailboxStatus.DELETING.value, held.status]},
        )
    return held
