"""Use over time, one row a day and tenant, and which owners were warned that their mailbox fills."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q

from accounts.models import Tenant
from domains.models.mailbox import Mailbox

WARN_AT = (80, 95)  # per cent of the quota


class UsageSample(models.Model):
    """How much there was in a tenant and everything below it, at the last look of that day."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    taken_on = models.DateField()  # by UTC
    domains = models.PositiveIntegerField()
    mailboxes = models.PositiveIntegerField()
    bytes = models.PositiveBigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="usage_sample_once", fields=["tenant", "taken_on"]),
        )

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.taken_on}"


class QuotaNotice(models.Model):
    """The owner was told that `level` per cent are in use; gone once there is room again."""

    mailbox = models.OneToOneField(
        Mailbox, primary_key=True, on_delete=models.CASCADE, related_name="quota_notice"
    )
    level = models.PositiveSmallIntegerField()
    sent_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="quota_notice_level_known", condition=Q(level__in=list(WARN_AT))
            ),
        )

    def __str__(self) -> str:
        return f"{self.mailbox_id} {self.level}"
