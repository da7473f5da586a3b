"""Submissions: messages handed over for sending. The row is the queue; Celery only nudges."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q

from accounts.models import Tenant
from delivery.states import OPEN, WAITING, SubmissionState
from domains.models import Mailbox


class Submission(models.Model):
    """One message for sending. Every write after the claim carries `attempts = :mine` (fencing)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    mailbox = models.ForeignKey(  # None: mail of the system itself
        Mailbox, null=True, blank=True, on_delete=models.SET_NULL, related_name="submissions"
    )
    compose_id = models.UUIDField()  # from the browser: a repeated click finds the same row
    message_id = models.CharField(max_length=255, unique=True)  # with angle brackets
    mail_from = models.CharField(max_length=320, blank=True)  # empty: null sender
    subject = models.CharField(max_length=998, blank=True)  # for the outbox page only
    size_bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=16, choices=SubmissionState)
    due_at = models.DateTimeField()  # next try; for held: when to let go
    lease_until = models.DateTimeField(null=True, blank=True)  # set while sending
    attempts = models.PositiveIntegerField(default=0)
    doubt_at = models.DateTimeField(null=True, blank=True)  # when doubt began
    queue_id = models.CharField(max_length=32, blank=True)  # Postfix's, from its 250
    reply_code = models.PositiveSmallIntegerField(null=True, blank=True)  # None: nobody answered
    reply_text = models.TextField(blank=True)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)  # the sender has seen the failure

    class Meta:
        indexes = (
            models.Index(
                fields=["due_at"], name="submission_due", condition=Q(state__in=list(OPEN))
            ),
            models.Index(
                fields=["tenant", "due_at"],
                name="submission_claim",
                condition=Q(state__in=list(WAITING)),
            ),
            models.Index(fields=["mailbox", "-id"], name="submission_mailbox"),
            models.Index(fields=["tenant", "-id"], name="submission_tenant"),
            models.Index(fields=["queue_id"], name="submission_queue_id"),
            models.Index(fields=["created_at"], name="submission_created"),
            models.Index(fields=["sent_at"], name="submission_sent"),
        )
        constraints = (
            models.UniqueConstraint(name="submission_once", fields=["mailbox", "compose_id"]),
            models.CheckConstraint(
                name="submission_state_known", condition=Q(state__in=SubmissionState.values)
            ),
            models.CheckConstraint(
                name="submission_lease_while_sending",
                condition=Q(state=SubmissionState.SENDING, lease_until__isnull=False)
                | (~Q(state=SubmissionState.SENDING) & Q(lease_until__isnull=True)),
            ),
        )

    def __str__(self) -> str:
        return self.message_id


class SubmissionBody(models.Model):
    """The rendered MIME, immutable: CRLF line ends, Bcc taken out, Date and Message-ID made."""

    submission = models.OneToOneField(
        Submission, primary_key=True, on_delete=models.CASCADE, related_name="body"
    )
    mime = models.BinaryField()

    def __str__(self) -> str:
        return str(self.submission_id)
