"""Gives the owner of a mailbox a new password and ends every open session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require, require_over
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.set_password import set_password
from domains.errors import NobodySignsIn
from domains.services.hold_mailbox import hold_mailbox

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Mailbox


def over_owner(actor: Actor, mailbox: Mailbox) -> Actor:
    """Return the actor as he may act on the owner of `mailbox`.

    One password opens every mailbox of a person, so a role for some domains only must cover them
    all. Raises NotAllowed, NobodySignsIn.
    """
    if mailbox.owner is None:
        raise NobodySignsIn
    require_over(actor, mailbox.owner)
    held = set(mailbox.owner.mailboxes.values_list("address__domain_id", flat=True))
    require(actor, Action.PASSWORD_RESET, mailbox.tenant, domain_ids=held)
    return actor.in_domain(mailbox.address.domain_id)


def reset_password(*, actor: Actor, mailbox: Mailbox, password: str) -> None:
    """Store the new password of the mailbox's owner; it serves web, IMAP, POP3 and SMTP.

    Raises NobodySignsIn for a shared mailbox, BeingDeleted, WeakPassword, NotAllowed.
    """
    require(actor, Action.PASSWORD_RESET, mailbox.tenant, domain_ids=[mailbox.address.domain_id])
    with transaction.atomic():
        held = hold_mailbox(mailbox)
        if held.owner is None:
            raise NobodySignsIn
        set_password(actor=over_owner(actor, held), person=held.owner, password=password)
        note_access_change(address=held.address.email, mailbox_id=held.pk, kick=True)
