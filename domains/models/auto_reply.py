"""Automatic replies that an admin sets for a mailbox; a person's own rules live in the webmail."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q

from accounts.models import Tenant
from domains.models.mailbox import Mailbox


class AutoReply(models.Model):
    """What senders are told. The agent writes it as a script beside the mailbox's home.

    The row stays when the reply ends, so that the agent learns of it: `is_enabled` False.
    """

    mailbox = models.OneToOneField(
        Mailbox, primary_key=True, on_delete=models.CASCADE, related_name="auto_reply"
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    is_enabled = models.BooleanField(default=True)
    subject = models.CharField(max_length=200, blank=True)  # empty: "Auto:" and the sender's
    text = models.TextField(max_length=4000)
    every_days = models.PositiveSmallIntegerField(default=7)  # once per sender in so many days
    until = models.DateTimeField(null=True, blank=True)  # None: until somebody ends it
    version = models.PositiveIntegerField(default=1)  # a changed text is a new reply to everybody
    changed_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now=True)
    written_at = models.DateTimeField(null=True, blank=True)  # set by the agent; None: not yet

    class Meta:
        indexes = (
            models.Index(
                fields=["mailbox"], name="auto_reply_open", condition=Q(written_at__isnull=True)
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="auto_reply_days", condition=Q(every_days__gte=1, every_days__lte=30)
            ),
        )

    def __str__(self) -> str:
        return str(self.mailbox_id)
