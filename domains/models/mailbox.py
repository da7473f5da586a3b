"""Mailboxes: what Postfix delivers to and a person reads."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from domains.models.address import Address


class MailboxStatus(models.TextChoices):
    """Nobody signs in to `suspended` or sends from it; `deleting` waits for `delete_after`."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    DELETING = "deleting", _("Being deleted")


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    """Mailboxes of tenants."""

    def of(self, tenant: Tenant) -> MailboxQuerySet:
        """Return the mailboxes of `tenant` itself."""
        rows = self.filter(tenant=tenant)
        if tenant.domain_scope is not None:
            rows = rows.filter(address__domain__in=tenant.domain_scope)
        return rows


class Mailbox(models.Model):
    """A hosted mailbox. Its home is named by `id`, so renaming moves nothing."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="mailboxes")
    address = models.OneToOneField(Address, on_delete=models.PROTECT, related_name="mailbox")
    owner = models.ForeignKey(  # None: shared, nobody signs in as it
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mailboxes",
    )
    name = models.CharField(max_length=120)  # shown as the sender's name
    quota_bytes = models.PositiveBigIntegerField(default=0)  # 0: no limit of its own
    status = models.CharField(max_length=16, choices=MailboxStatus, default=MailboxStatus.ACTIVE)
    refuses_mail = models.BooleanField(default=False)  # while suspended: senders are told at once
    delete_after = models.DateTimeField(null=True, blank=True)  # set while `deleting`
    was_suspended = models.BooleanField(default=False)  # what undoing the deletion returns to
    allow_imap = models.BooleanField(default=True)
    allow_pop3 = models.BooleanField(default=True)
    allow_smtp = models.BooleanField(default=True)
    forward_to = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    keep_copy = models.BooleanField(default=True)  # only read while forward_to is not empty
    version = models.PositiveIntegerField(default=0)  # counts edits, so that two admins collide
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    objects = MailboxQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["tenant", "-created_at"], name="mailbox_tenant_created"),
            # one for each order of the list, within a tenant and over the whole installation
            models.Index(fields=["created_at", "id"], name="mailbox_created"),
            models.Index(fields=["name", "id"], name="mailbox_name"),
            models.Index(fields=["tenant", "name", "id"], name="mailbox_tenant_name"),
            models.Index(fields=["status", "id"], name="mailbox_status"),
            models.Index(fields=["tenant", "status", "id"], name="mailbox_tenant_status"),
            GinIndex(fields=["forward_to"], name="mailbox_forward_to"),
            models.Index(
                fields=["delete_after"], name="mailbox_delete_after", condition=Q(status="deleting")
            ),
        )
        constraints = (
            models.UniqueConstraint(name="mailbox_tenant_id", fields=["tenant", "id"]),
            models.CheckConstraint(
                name="mailbox_status_known", condition=Q(status__in=MailboxStatus.values)
            ),
            models.CheckConstraint(
                name="mailbox_deleting_has_date",
                condition=Q(status=MailboxStatus.DELETING, delete_after__isnull=False)
                | (~Q(status=MailboxStatus.DELETING) & Q(delete_after__isnull=True)),
            ),
        )

    def __str__(self) -> str:
        return self.name
