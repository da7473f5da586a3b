"""The states of a submission and of its recipients, and which of them are still open."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SubmissionState(TextChoices):
    """Where a submission stands between the click and Postfix's 250."""

    HELD = "held", _("Waiting")  # undo or schedule: until due_at
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DOUBT = "doubt", _("Being checked")  # cut after the final dot; settled from the log
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class OutcomeState(TextChoices):
    """Where a recipient's copy stands. Deferred exists only after Postfix accepted."""

    PENDING = "pending", _("Waiting")
    ACCEPTED = "accepted", _("Accepted by our server")
    DELIVERED = "delivered", _("Delivered")
    DEFERRED = "deferred", _("Their server says: later")
    REFUSED = "refused", _("Refused")


WAITING = (SubmissionState.HELD, SubmissionState.QUEUED)  # claimable when due, and can be cancelled
OPEN = (*WAITING, SubmissionState.SENDING, SubmissionState.DOUBT)
