"""Outcomes: what happened to a submission at each recipient."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from delivery.models.submission import Submission
from delivery.states import OutcomeState


class Outcome(models.Model):
    """One recipient of a submission and the last word about it."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="outcomes")
    recipient = models.CharField(max_length=320)
    state = models.CharField(max_length=16, choices=OutcomeState, default=OutcomeState.PENDING)
    reply_code = models.PositiveSmallIntegerField(null=True, blank=True)  # 550
    enhanced_code = models.CharField(max_length=16, blank=True)  # "5.1.1"
    reply_text = models.TextField(blank=True)  # the remote server's own words
    relay = models.CharField(max_length=320, blank=True)  # server that said it
    tls = models.BooleanField(null=True)  # None: not known
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="outcome_once", fields=["submission", "recipient"]),
            models.CheckConstraint(
                name="outcome_state_known", condition=Q(state__in=OutcomeState.values)
            ),
        )

    def __str__(self) -> str:
        return f"{self.recipient} {self.state}"
