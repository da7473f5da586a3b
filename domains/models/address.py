"""Addresses, and the aliases, forwarders and catch-alls that own one."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import Tenant
from domains.models.domain import Domain


class Address(models.Model):
    """A local part at a hosted domain, unique over the installation. `email` is the whole of it."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="addresses")
    localpart = models.CharField(max_length=64)
    email = models.CharField(max_length=320, unique=True)

    class Meta:
        indexes = (models.Index(fields=["tenant", "email"], name="address_tenant_email"),)
        constraints = (
            models.UniqueConstraint(name="address_unique", fields=["domain", "localpart"]),
            models.UniqueConstraint(name="address_tenant_id", fields=["tenant", "id"]),
            models.CheckConstraint(name="address_lower", condition=Q(email=Lower("email"))),
        )

    def __str__(self) -> str:
        return self.email


class Alias(models.Model):
    """An address that delivers to mailboxes of the same tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    address = models.OneToOneField(Address, on_delete=models.PROTECT, related_name="alias")
    is_enabled = models.BooleanField(default=True)
    to_admins = models.BooleanField(  # postmaster, abuse: the targets follow the company's admins
        default=False, db_default=False
    )
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(name="alias_tenant_id", fields=["tenant", "id"]),)

    def __str__(self) -> str:
        return str(self.address_id)


class AliasTarget(models.Model):
    """One mailbox address an alias delivers to."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    alias = models.ForeignKey(Alias, on_delete=models.CASCADE, related_name="targets")
    address = models.ForeignKey(Address, on_delete=models.CASCADE, related_name="alias_targets")

    class Meta:
        constraints = (
            models.UniqueConstraint(name="alias_target_once", fields=["alias", "address"]),
        )

    def __str__(self) -> str:
        return f"{self.alias_id} → {self.address_id}"


class Forwarder(models.Model):
    """An address without a mailbox that passes mail on to any addresses, also outside."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    address = models.OneToOneField(Address, on_delete=models.PROTECT, related_name="forwarder")
    is_enabled = models.BooleanField(default=True)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.address_id)


class ForwarderTarget(models.Model):
    """One address a forwarder passes mail on to."""

    forwarder = models.ForeignKey(Forwarder, on_delete=models.CASCADE, related_name="targets")
    email = models.CharField(max_length=320)

    class Meta:
        indexes = (models.Index(fields=["email"], name="forwarder_target_email"),)
        constraints = (
            models.UniqueConstraint(name="forwarder_target_once", fields=["forwarder", "email"]),
        )

    def __str__(self) -> str:
        return f"{self.forwarder_id} → {self.email}"


class CatchAll(models.Model):
    """Where mail to unknown addresses of a domain goes."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    domain = models.OneToOneField(Domain, on_delete=models.CASCADE, related_name="catch_all")
    address = models.ForeignKey(Address, on_delete=models.CASCADE, related_name="catch_alls")

    def __str__(self) -> str:
        return str(self.domain_id)
