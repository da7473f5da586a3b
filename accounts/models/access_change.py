"""Orders to forget cached sign-ins: the agent flushes and kicks, webmail drops connections."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q


class AccessChange(models.Model):
    """The right or limit behind an address changed; "@name": a domain takes mail from now on.

    Readers remember the last id they saw.
    """

    address = models.CharField(max_length=320)
    mailbox_id = models.BigIntegerField()
    kick = models.BooleanField(default=False)  # True: open sessions end now
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)  # set by the agent

    class Meta:
        indexes = (
            models.Index(fields=["id"], name="access_change_open", condition=Q(done_at=None)),
        )

    def __str__(self) -> str:
        return self.address
