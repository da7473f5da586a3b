"""Distribution groups: one address, many readers, and a rule who may write to them."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from domains.models.address import Address


class WhoMaySend(models.TextChoices):
    """Whose mail a group takes. Everybody else is refused before the message is read."""

    ANYONE = "anyone", _("Everybody, also outside")
    COMPANY = "company", _("People of the company")
    MEMBERS = "members", _("Members")
    NAMED = "named", _("Only those named below")


class Group(models.Model):
    """An address whose mail goes to its members."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    address = models.OneToOneField(Address, on_delete=models.PROTECT, related_name="group")
    name = models.CharField(max_length=120)
    who_may_send = models.CharField(max_length=8, choices=WhoMaySend, default=WhoMaySend.COMPANY)
    is_enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=0)  # counts edits, so that two admins collide
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=["tenant", "name", "id"], name="group_tenant_name"),)
        constraints = (
            models.UniqueConstraint(name="group_tenant_id", fields=["tenant", "id"]),
            models.CheckConstraint(
                name="group_who_known", condition=Q(who_may_send__in=WhoMaySend.values)
            ),
        )

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """One reader. `address` is set for an address of the tenant and goes with it."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    address = models.ForeignKey(
        Address, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    email = models.CharField(max_length=320)

    class Meta:
        indexes = (models.Index(fields=["email"], name="group_member_email"),)
        constraints = (
            models.UniqueConstraint(name="group_member_once", fields=["group", "email"]),
        )

    def __str__(self) -> str:
        return f"{self.group_id} → {self.email}"


class GroupSender(models.Model):
    """An address that may write to a group of WhoMaySend.NAMED."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="senders")
    email = models.CharField(max_length=320)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="group_sender_once", fields=["group", "email"]),
        )

    def __str__(self) -> str:
        return f"{self.email} → {self.group_id}"
