"""Addresses a mailbox has written to: what the recipient field suggests beside the directory."""

from __future__ import annotations

from django.db import models

from domains.models import Mailbox


class CollectedAddress(models.Model):
    """Somebody who was written to; the name is the one last used."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    email = models.CharField(max_length=320)
    name = models.CharField(max_length=200, blank=True)
    used_count = models.PositiveIntegerField(default=1)
    used_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(name="collected_once", fields=["mailbox", "email"]),)

    def __str__(self) -> str:
        return self.email
