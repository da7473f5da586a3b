"""How much of everything that a plan limits each tenant has."""

from __future__ import annotations

from django.db import models

from accounts.models import Tenant

STORAGE = "storage_bytes"  # the room that holds bytes; all others hold numbers


class RoomUsage(models.Model):
    """A part of what a tenant has itself; the sum of its parts is the number. Kept by triggers.

    A part that another transaction holds is passed over, and a new one opened beside it, so nobody
    ever waits for a counter; for the same reason there is no foreign key. Of a purged tenant the
    sum is 0.
    """

    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="room_usage",
    )
    room = models.CharField(max_length=24)  # the plan's field: "max_mailboxes"
    used = models.BigIntegerField(default=0, db_default=0)  # of one part also below 0

    class Meta:
        indexes = (models.Index(fields=["tenant", "room"], name="room_usage_tenant"),)

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.room}"
