"""Sets or ends the automatic reply of a mailbox; it works while the person is suspended, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Feature
from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.models import AutoReply
from domains.services.hold_mailbox import hold_mailbox
from domains.services.require_feature import require_feature
from portal.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.actor import Actor
    from domains.models import Mailbox

LONGEST = 4000
MOST_DAYS = 30
_FIELDS = [
    "is_enabled",
    "text",
    "subject",
    "every_days",
    "until",
    "version",
    "written_at",
    "changed_at",
]


def set_auto_reply(
    *,
    actor: Actor,
    mailbox: Mailbox,
    text: str,
    subject: str = "",
    every_days: int = 7,
    until: datetime | None = None,
) -> AutoReply:
    """Answer each sender once in `every_days`; lists, bounces and other robots never (RFC 3834).

    Effective within two seconds. Raises InvalidInput on its field, BeingDeleted, NotAllowed.
    """
    require(actor, Action.MAILBOX_CHANGE, mailbox.tenant, domain_ids=[mailbox.address.domain_id])
    clean = read_reply(text)
    if not 1 <= every_days <= MOST_DAYS:
        raise InvalidInput(_("Choose between 1 and 30 days."), field="every_days")
    with transaction.atomic():
        held = hold_mailbox(mailbox)
        reply = AutoReply.objects.select_for_update(of=("self",)).filter(mailbox=held).first()
        before = reply.text if reply is not None and reply.is_enabled else ""
        if not before:
            require_feature(held.tenant, Feature.AUTO_REPLY, field="text")
        if reply is None:
            reply = AutoReply.objects.create(mailbox=held, tenant=held.tenant, version=0)
        reply.is_enabled, reply.text, reply.subject = True, clean, " ".join(subject.split())[:200]
        reply.every_days, reply.until = every_days, until
        reply.version += 1
        reply.written_at = None
        reply.save(update_fields=_FIELDS)
        record_audit(
            actor,
            held.tenant,
            action="mailbox.reply",
            target=("mailbox", held.pk, held.address.email),
            changes={
                "reply": [before, clean],
                "until": ["", until.isoformat() if until else ""],
            },
        )
    return reply


def end_auto_reply(*, actor: Actor, mailbox: Mailbox) -> None:
    """Answer nobody any more. Ending what is not there changes nothing. Raises NotAllowed."""
    require(actor, Action.MAILBOX_CHANGE, mailbox.tenant, domain_ids=[mailbox.address.domain_id])
    with transaction.atomic():
        held = hold_mailbox(mailbox, may_be_deleting=True)
        reply = AutoReply.objects.select_for_update(of=("self",)).filter(mailbox=held).first()
        if reply is None or not reply.is_enabled:
            return
        reply.is_enabled, reply.written_at = False, None
        reply.save(update_fields=["is_enabled", "written_at", "changed_at"])
        record_audit(
            actor,
            held.tenant,
            action="mailbox.reply",
            target=("mailbox", held.pk, held.address.email),
            changes={"reply": [reply.text, ""]},
        )


def read_reply(text: str) -> str:
    """Return the text with plain line ends. Raises InvalidInput on `text`."""
    clean = "\n".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    if not clean:
        raise InvalidInput(_("Say what senders should read."), field="text")
    if len(clean) > LONGEST:
        raise InvalidInput(_("Please say it in at most 4,000 characters."), field="text")
    if any(ord(c) < 0x20 and c not in "\n\t" for c in clean) or "\x7f" in clean:
        raise InvalidInput(_("Please leave out control characters."), field="text")
    return clean
