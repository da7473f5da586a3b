"""Lets an admin bring forward a message of his tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from delivery.services.retry_now import retry_now

if TYPE_CHECKING:
    from accounts.actor import Actor
    from delivery.models import Submission


@transaction.atomic
def retry_as_admin(actor: Actor, *, submission: Submission) -> None:
    """Make the message due now and note who did it. Raises NotAllowed, NotWaiting."""
    box = submission.mailbox
    require(
        actor,
        Action.MAILBOX_CHANGE,
        submission.tenant,
        domain_ids=[box.address.domain_id] if box else [],
    )
    retry_now(submission)
    record_audit(
        actor,
        submission.tenant,
        action="outgoing.retry",
        target=("submission", submission.pk, submission.mail_from),
    )
