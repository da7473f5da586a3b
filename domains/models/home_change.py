"""Orders about mail homes that the agent on the mail host carries out."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q


class MailHomeChange(models.Model):
    """Delete the home of a mailbox that no longer has a row. Written in the deleting transaction."""

    mailbox_id = models.BigIntegerField(unique=True)
    address = models.CharField(max_length=320)  # for doveadm and the log; the row is gone
    tenant_id = models.BigIntegerField(null=True)  # for the proof; neither row need exist any more
    domain_id = models.BigIntegerField(null=True)
    bytes = models.BigIntegerField(default=0, db_default=0)  # as Dovecot last counted them
    archive_until = models.DateTimeField(null=True, blank=True)  # None: keep nothing of it
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["id"], name="home_change_open", condition=Q(done_at=None)),
            models.Index(fields=["tenant_id", "domain_id"], name="home_change_of"),
        )

    def __str__(self) -> str:
        return self.address
