"""How many recipients a tenant wrote to in an hour and in a day; only `sending_take` adds to it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant


class Span(models.TextChoices):
    """A window that begins on the clock: each full hour, each midnight of the installation."""

    HOUR = "hour", _("This hour")
    DAY = "day", _("Today")


class SendingCount(models.Model):
    """One window of one tenant, with everything below it. Rows exist where a plan sets a limit."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    span = models.CharField(max_length=4, choices=Span)
    starts_at = models.DateTimeField()
    recipients = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["starts_at"], name="sending_count_starts"),)
        constraints = (
            models.UniqueConstraint(
                name="sending_count_once", fields=["tenant", "span", "starts_at"]
            ),
            models.CheckConstraint(
                name="sending_count_span_known", condition=Q(span__in=Span.values)
            ),
        )

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.span} {self.recipients}"
