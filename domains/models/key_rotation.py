"""Changes of DKIM keys: one row per change, which says how far it has come."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from domains.models.domain import Domain


class RotationState(models.TextChoices):
    """`publishing` → `settling` → `overlap` → `done`. Only before `overlap` can it be cancelled."""

    PUBLISHING = "publishing", _("Waiting for the new record")
    SETTLING = "settling", _("The new record is there")
    OVERLAP = "overlap", _("Signs with the new key")
    DONE = "done", _("Changed")
    CANCELLED = "cancelled", _("Cancelled")


BEFORE_SWITCH = (RotationState.PUBLISHING, RotationState.SETTLING)
OPEN_ROTATIONS = (*BEFORE_SWITCH, RotationState.OVERLAP)


class KeyRotation(models.Model):
    """A domain moves its signing from one selector to the other. At most one is open at a time."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="key_rotations")
    state = models.CharField(max_length=16, choices=RotationState, default=RotationState.PUBLISHING)
    from_selector = models.CharField(max_length=32)  # signs until the switch
    to_selector = models.CharField(max_length=32)
    started_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    next_look_at = models.DateTimeField(null=True, blank=True)  # None: over
    looked_at = models.DateTimeField(null=True, blank=True)  # None: nobody was asked yet
    verdict = models.CharField(max_length=16, blank=True)  # of the last look, domains.dns.verdict
    seen_at = models.DateTimeField(null=True, blank=True)  # since when the new record is there
    switch_after = models.DateTimeField(null=True, blank=True)
    switched_at = models.DateTimeField(null=True, blank=True)
    retire_after = models.DateTimeField(null=True, blank=True)  # end of the old key
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["next_look_at"],
                name="rotation_due",
                condition=Q(next_look_at__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="rotation_one_open", fields=["domain"], condition=Q(state__in=OPEN_ROTATIONS)
            ),
            models.CheckConstraint(
                name="rotation_state_known", condition=Q(state__in=RotationState.values)
            ),
            models.CheckConstraint(
                name="rotation_to_another", condition=~Q(from_selector=F("to_selector"))
            ),
            models.CheckConstraint(
                name="rotation_open_is_looked_at",
                condition=Q(
                    state__in=OPEN_ROTATIONS, next_look_at__isnull=False, ended_at__isnull=True
                )
                | Q(next_look_at__isnull=True, ended_at__isnull=False)
                & ~Q(state__in=OPEN_ROTATIONS),
            ),
            models.CheckConstraint(
                name="rotation_settles_once_seen",
                condition=~Q(state=RotationState.SETTLING)
                | Q(seen_at__isnull=False, switch_after__isnull=False),
            ),
            models.CheckConstraint(  # never signs with a key that nobody could look up
                name="rotation_signs_once_seen",
                condition=~Q(state__in=(RotationState.OVERLAP, RotationState.DONE))
                | Q(
                    seen_at__isnull=False,
                    switched_at__isnull=False,
                    retire_after__gt=F("switched_at"),
                ),
            ),
            models.CheckConstraint(
                name="rotation_switched_is_kept",
                condition=Q(switched_at__isnull=True)
                | Q(state__in=(RotationState.OVERLAP, RotationState.DONE)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.from_selector} → {self.to_selector}"

    @property
    def is_before_switch(self) -> bool:
        """Whether the old key still signs, and the change can be cancelled."""
        return self.state in BEFORE_SWITCH

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen."""
        return self.state in OPEN_ROTATIONS
