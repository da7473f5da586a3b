"""Sent copies: what is still to be done in the sender's own mailbox after a submission."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from delivery.models import Submission
from domains.models import Mailbox


class SentCopyState(models.TextChoices):
    """Each step is recorded, so a crash repeats the step, not the mail."""

    WAITING = "waiting"  # submission not handed over yet
    APPENDED = "appended"  # copy is in Sent
    DONE = "done"  # \Answered set and the draft gone, or nothing of it asked
    RETURNED = "returned"  # submission failed; the mail is back in Drafts


class SentCopy(models.Model):
    """Follows a submission downward. References are MessageRef URLs' parts; empty: none."""

    submission = models.OneToOneField(
        Submission, primary_key=True, on_delete=models.CASCADE, related_name="sent_copy"
    )
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=16, choices=SentCopyState, default=SentCopyState.WAITING)
    answered_folder = models.CharField(max_length=1000, blank=True)
    answered_uid_validity = models.BigIntegerField(default=0)
    answered_uid = models.BigIntegerField(default=0)
    is_forward = models.BooleanField(default=False)  # $Forwarded instead of \Answered
    draft_message_id = models.CharField(  # of a draft of another program that was sent; no brackets
        max_length=998, blank=True
    )
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(
                fields=["due_at"],
                name="sent_copy_due",
                condition=Q(state__in=["waiting", "appended"]),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="sent_copy_state_known", condition=Q(state__in=SentCopyState.values)
            ),
        )

    def __str__(self) -> str:
        return str(self.submission_id)
