"""The audit trail: append-only by grant, without foreign keys, so that it outlives what it names."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """Somebody did something. The application's database role may only insert and read."""

    tenant_id = models.BigIntegerField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)  # None: the system itself
    actor_name = models.CharField(max_length=254)
    acting_in = models.CharField(max_length=120, blank=True)  # tenant the actor came from, if other
    acting_as = models.CharField(  # in whose place, where the company lets its provider
        max_length=254, blank=True, default=""
    )
    action = models.CharField(max_length=64)  # "mailbox.create"
    target_kind = models.CharField(max_length=32)
    target_id = models.BigIntegerField(null=True)
    target_name = models.CharField(max_length=320)
    changes = models.JSONField(default=dict)  # {"quota_bytes": [from, to]}
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["tenant_id", "-at", "-id"], name="audit_tenant_at"),
            models.Index(fields=["-at", "-id"], name="audit_at"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.target_name}"


class AuditSeal(models.Model):
    """The seal of one entry over the one before it. Only the trigger of the database writes it."""

    event_id = models.BigIntegerField(primary_key=True)
    tenant_id = models.BigIntegerField()
    number = models.BigIntegerField()  # 1, 2, 3 … within the tenant
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="audit_seal_once", fields=["tenant_id", "number"]),
        )

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.number}"
