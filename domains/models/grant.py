"""Grants: what the person behind one mailbox may do with an address that is not his own."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from domains.models.address import Address
from domains.models.mailbox import Mailbox


class Access(models.TextChoices):
    """Whether the mail of a shared mailbox may be read or also changed."""

    NONE = "", _("No")
    READ = "read", _("Read")
    WRITE = "write", _("Read and change")


class Sends(models.TextChoices):
    """Whether mail may be sent from the address, and what its reader sees."""

    NONE = "", _("No")
    AS = "as", _("As the address")
    BEHALF = "behalf", _("On its behalf, own name shown")


class Grant(models.Model):
    """`mailbox` is whom it is given to, `address` what it is about: a mailbox or a group."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, on_delete=models.CASCADE, related_name="grants")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="grants")
    access = models.CharField(max_length=8, choices=Access, blank=True, default=Access.NONE)
    sends = models.CharField(max_length=8, choices=Sends, blank=True, default=Sends.NONE)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="grant_once", fields=["address", "mailbox"]),
            models.CheckConstraint(
                name="grant_access_known", condition=Q(access__in=Access.values)
            ),
            models.CheckConstraint(name="grant_sends_known", condition=Q(sends__in=Sends.values)),
            models.CheckConstraint(
                name="grant_gives_something", condition=~Q(access="") | ~Q(sends="")
            ),
        )

    def __str__(self) -> str:
        return f"{self.mailbox_id} → {self.address_id}"
