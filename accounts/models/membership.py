"""Which person has which role in which tenant, and the invitations that lead there."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.roles import Role


class Membership(models.Model):
    """A person's role in a tenant; a person may hold several."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    tenant = models.ForeignKey(
        "accounts.Tenant", on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=16, choices=Role)
    is_scoped = models.BooleanField(default=False)  # True: only the domains named for it
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="one_role_of_a_kind", fields=["user", "tenant", "role"]),
            models.CheckConstraint(name="role_known", condition=Q(role__in=Role.values)),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.tenant_id}"


class Invitation(models.Model):
    """A link that makes somebody a member once. Only the hash of its token is kept."""

    tenant = models.ForeignKey(
        "accounts.Tenant", on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=16, choices=Role, blank=True)  # empty: mailbox owner
    user = models.ForeignKey(  # set: the person exists and chooses a password by this link
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="invitations",
    )
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.email
