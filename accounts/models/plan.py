"""Plans: the limits an operator or reseller sells. None means no limit of the plan's own."""

from __future__ import annotations

from django.db import models


class Plan(models.Model):
    """Limits given to the tenants on it; owned by the operator or by a reseller."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=80)
    max_domains = models.PositiveIntegerField(null=True, blank=True)
    max_mailboxes = models.PositiveIntegerField(null=True, blank=True)
    max_aliases = models.PositiveIntegerField(null=True, blank=True)
    max_forwarders = models.PositiveIntegerField(null=True, blank=True)
    max_lists = models.PositiveIntegerField(null=True, blank=True)
    storage_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    max_mailbox_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    max_sent_per_hour = models.PositiveIntegerField(null=True, blank=True)
    max_sent_per_day = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="plan_name_per_owner", fields=["tenant", "name"]),
        )

    def __str__(self) -> str:
        return self.name
