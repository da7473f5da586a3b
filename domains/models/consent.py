"""Whether people outside agreed that mail is passed on to them."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from domains.models.mailbox import Mailbox


class ConsentState(models.TextChoices):
    """What is known of somebody outside. `unasked`: no letter has been asked for."""

    UNASKED = "unasked", _("Not asked yet")
    WAITING = "waiting", _("Waits for consent")
    CONFIRMED = "confirmed", _("Confirmed")
    TRUSTED = "trusted", _("Trusted by the plan")
    STOPPED = "stopped", _("Stopped by the recipient")


class Consent(models.Model):
    """One address outside a tenant; the answer serves every forwarding of the tenant to it."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    email = models.CharField(max_length=320)
    token_sha256 = models.CharField(  # noqa: DJ001 - unique, and None before the first letter
        max_length=64, unique=True, null=True
    )
    requested_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    expires_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()  # of asking
    letter_due = models.BooleanField(default=False)
    mailed_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["tenant", "requested_at"],
                name="consent_letter_due",
                condition=Q(letter_due=True),
            ),
            models.Index(fields=["tenant", "mailed_at"], name="consent_tenant_mailed"),
        )
        constraints = (
            models.UniqueConstraint(name="consent_once", fields=["tenant", "email"]),
            models.CheckConstraint(name="consent_lower", condition=Q(email=Lower("email"))),
            models.CheckConstraint(
                name="consent_one_answer",
                condition=Q(confirmed_at__isnull=True) | Q(stopped_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.email

    @property
    def state(self) -> ConsentState:
        """What the person outside last said."""
        if self.stopped_at is not None:
            return ConsentState.STOPPED
        return ConsentState.WAITING if self.confirmed_at is None else ConsentState.CONFIRMED


class RuleTarget(models.Model):
    """An address outside to which a person's own rules wanted to pass mail on, as the mail store said.

    Nobody reads the rules: a row is written when one of them acts, and is stale when none did lately.
    """

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="rule_targets")
    email = models.CharField(max_length=320)
    used_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="rule_target_once", fields=["mailbox", "email"]),
        )
        indexes = (models.Index(fields=["email"], name="rule_target_email"),)

    def __str__(self) -> str:
        return f"{self.mailbox_id} → {self.email}"
