"""Changes what an admin may set about a mailbox: name, quota and which protocols it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.models import Feature
from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.services.check_quota import check_quota
from domains.services.hold_mailbox import hold_mailbox
from domains.services.provision_mailbox import read_display_name
from domains.services.require_feature import require_feature

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.models import Mailbox

PROTOCOLS = ("allow_imap", "allow_pop3", "allow_smtp")


def change_mailbox(
    *,
    actor: Actor,
    mailbox: Mailbox,
    version: int,
    name: str | None = None,
    quota_bytes: int | None = None,
    allow_imap: bool | None = None,
    allow_pop3: bool | None = None,
    allow_smtp: bool | None = None,
) -> Mailbox:
    """Set what is not None.

    The quota holds from the next delivery on; a protocol switched off ends open sessions. `version`
    is the one the editor saw. Raises ChangedMeanwhile, BeingDeleted, NameRefused and QuotaRefused
    on their fields, NotAllowed.
    """
    require(actor, Action.MAILBOX_CHANGE, mailbox.tenant, domain_ids=[mailbox.address.domain_id])
    wanted: dict[str, Any] = {
        "name": None if name is None else read_display_name(name),
        "quota_bytes": quota_bytes,
        "allow_imap": allow_imap,
        "allow_pop3": allow_pop3,
        "allow_smtp": allow_smtp,
    }
    with transaction.atomic():
        held = hold_mailbox(mailbox, version=version)
        changes = {
            field: [getattr(held, field), value]
            for field, value in wanted.items()
            if value is not None and getattr(held, field) != value
        }
        if not changes:
            return held
        if changes.get("allow_pop3", [True, False])[1]:
            require_feature(held.tenant, Feature.POP3, field="allow_pop3")
        if "quota_bytes" in changes:
            check_quota(held.tenant, changes["quota_bytes"][1])
        for field, (_before, after) in changes.items():
            setattr(held, field, after)
        held.version += 1
        held.save(update_fields=[*changes, "version"])
        closed = any(changes.get(f, [0, True])[1] is False for f in PROTOCOLS)
        note_access_change(address=held.address.email, mailbox_id=held.pk, kick=closed)
        record_audit(
            actor,
            held.tenant,
            action="mailbox.change",
            target=("mailbox", held.pk, held.address.email),
            changes=changes,
        )
    return held
