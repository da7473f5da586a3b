"""Which addresses a letter may come from, as the composer offers them and sending checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domains.models import Mailbox, Sends
from domains.selectors import Sender, granted_senders, sender_addresses
from webmail.errors import SendingNotGranted

if TYPE_CHECKING:
    from webmail.identity import MailIdentity


def senders_of(identity: MailIdentity) -> list[Sender]:
    """Return what may stand in From, the mailbox's own address first, then granted ones.

    Raises SendingNotGranted for a member of a shared mailbox who may only read it.
    """
    mailbox = Mailbox.objects.select_related("address").get(pk=identity.mailbox_id)
    if identity.is_shared and not identity.sends:
        raise SendingNotGranted(detail=f"grant {identity.grant_id}")
    behalf = identity.sends == Sends.BEHALF
    own = [Sender(email, mailbox.name, behalf=behalf) for email in sender_addresses(mailbox)]
    return own if identity.is_shared else [*own, *granted_senders(mailbox)]
