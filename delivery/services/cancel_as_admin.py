"""Lets an admin stop a waiting message of his tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from delivery.services.cancel import cancel

if TYPE_CHECKING:
    from accounts.actor import Actor
    from delivery.models import Submission


@transaction.atomic
def cancel_as_admin(actor: Actor, *, submission: Submission) -> None:
    """Take the message back and note who did it. Raises NotAllowed, TooLate."""
    box = submission.mailbox
    require(
        actor,
        Action.MAILBOX_CHANGE,
        submission.tenant,
        domain_ids=[box.address.domain_id] if box else [],
    )
    cancel(submission)
    record_audit(
        actor,
        submission.tenant,
        action="outgoing.cancel",
        target=("submission", submission.pk, submission.mail_from),
    )
