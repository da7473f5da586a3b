"""Passes mail of a mailbox on to other addresses, with or without keeping a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.services.ask_consent import ask_consent
from domains.services.hold_mailbox import hold_mailbox
from domains.services.read_targets import lock_forwarding, read_targets, refuse_loops
from domains.services.require_feature import require_forwarding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from domains.models import Mailbox


def set_forwarding(
    *,
    actor: Actor,
    mailbox: Mailbox,
    targets: Sequence[str],
    keep_copy: bool,
    version: int | None = None,
) -> Mailbox:
    """Forward to `targets` from the next message on; none of them ends the forwarding.

    Who is outside gets mail once he agrees; until then a copy stays here whatever `keep_copy` says.
    Raises TargetRefused, ForwardLoop and TooManyTargets on the field `targets`,
    ChangedMeanwhile, BeingDeleted, NotAllowed.
    """
    require(actor, Action.MAILBOX_CHANGE, mailbox.tenant, domain_ids=[mailbox.address.domain_id])
    lines = [line for text in targets if (line := text.strip())]
    wanted = read_targets(lines) if lines else []
    with transaction.atomic():
        lock_forwarding(mailbox.tenant)
        held = hold_mailbox(mailbox, version=version)
        if wanted:
            refuse_loops(held.address.email, wanted, held.tenant)
        require_forwarding(held.tenant, wanted, held.forward_to)
        before = (held.forward_to, held.keep_copy)
        after = (wanted, keep_copy if wanted else True)
        if before == after:
            return held
        held.forward_to, held.keep_copy = after
        held.version += 1
        held.save(update_fields=["forward_to", "keep_copy", "version"])
        ask_consent(held.tenant, wanted)
        note_access_change(address=held.address.email, mailbox_id=held.pk)
        record_audit(
            actor,
            held.tenant,
            action="mailbox.forward",
            target=("mailbox", held.pk, held.address.email),
            changes={
                "forward_to": [before[0], after[0]],
                "keep_copy": [before[1], after[1]],
            },
        )
    return held
