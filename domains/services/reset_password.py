"""Gives the owner of a mailbox a new password and ends every open session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.set_password import set_password
from domains.errors import NobodySignsIn
from domains.services.hold_mailbox import hold_mailbox

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Mailbox


def reset_password(*, actor: Actor, mailbox: Mailbox, password: str) -> None:
    """Store the new password of the mailbox's owner; it serves web, IMAP, POP3 and SMTP.

    Raises NobodySignsIn for a shared mailbox, BeingDeleted, WeakPassword, NotAllowed.
    """
    require(actor, Action.PASSWORD_RESET, mailbox.tenant)
    with transaction.atomic():
        held = hold_mailbox(mailbox)
        if held.owner is None:
            raise NobodySignsIn
        set_password(actor=actor, person=held.owner, password=password)
        note_access_change(address=held.address.email, mailbox_id=held.pk, kick=True)
