"""Plans: the limits an operator or reseller sells. None means no limit of the plan's own."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Feature(models.TextChoices):
    """What a plan may leave out. What was switched on before stays on."""

    POP3 = "pop3", _("POP3")
    FORWARD_OUTSIDE = "forward_outside", _("Forwarding to other companies")
    CATCH_ALL = "catch_all", _("Catch-all")
    AUTO_REPLY = "auto_reply", _("Automatic replies by an admin")


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

    left_out = ArrayField(
        models.CharField(max_length=24, choices=Feature), default=list, blank=True
    )
    trusts_forwarding = models.BooleanField(  # people outside need not agree to forwarded mail
        default=False, db_default=False
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(name="plan_name_per_owner", fields=["tenant", "name"]),
        )

    def __str__(self) -> str:
        return self.name
