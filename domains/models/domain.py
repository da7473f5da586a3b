"""Domains: names a tenant hosts mail for, once it has proved that they are its own."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant


class DomainStatus(models.TextChoices):
    """`pending` hosts nothing yet; in `suspended` nobody signs in or sends.

    `deleting` hosts nothing any more and waits for `delete_after`, when all in it goes.
    """

    PENDING = "pending", _("Waiting for proof of ownership")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    DELETING = "deleting", _("Being deleted")


class StsMode(models.TextChoices):
    """What the MTA-STS policy asks of other servers (RFC 8461 section 5)."""

    NONE = "none", _("Off")
    TESTING = "testing", _("Testing: failures are only reported")
    ENFORCE = "enforce", _("Enforced: no delivery without valid TLS")


class DomainQuerySet(models.QuerySet["Domain"]):
    """Domains of tenants."""

    def of(self, tenant: Tenant) -> DomainQuerySet:
        """Return the domains of `tenant` itself."""
        rows = self.filter(tenant=tenant)
        if tenant.domain_scope is not None:
            rows = rows.filter(pk__in=tenant.domain_scope)
        return rows


class Domain(models.Model):
    """A hosted name, stored as lower-case A-labels without trailing dot."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="domains")
    name = models.CharField(max_length=253, unique=True)
    status = models.CharField(max_length=16, choices=DomainStatus, default=DomainStatus.PENDING)
    refuses_mail = models.BooleanField(default=False)  # while suspended: senders are told at once
    pool_bytes = models.PositiveBigIntegerField(  # None: only the plan's pool counts
        null=True, blank=True
    )
    delete_after = models.DateTimeField(null=True, blank=True)  # set while `deleting`
    was_suspended = models.BooleanField(default=False)  # what undoing the deletion returns to
    ownership_token = models.CharField(max_length=64)
    verified_at = models.DateTimeField(null=True, blank=True)  # ownership TXT first seen
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    next_check_at = models.DateTimeField(
        null=True, blank=True
    )  # None: never checked again by itself
    checked_at = models.DateTimeField(null=True, blank=True)  # end of the last check
    dns_problems = models.PositiveSmallIntegerField(default=0)  # records missing or in conflict
    dns_problems_since = models.DateTimeField(null=True, blank=True)  # None: no problem
    dns_unknown = models.PositiveSmallIntegerField(default=0)  # records nobody could tell about
    dns_worst = models.CharField(max_length=40, blank=True)  # "mx.missing": first thing to repair
    mx_seen_at = models.DateTimeField(null=True, blank=True)  # None: its MX never led here
    mta_sts_mode = models.CharField(
        max_length=8, choices=StsMode, default=StsMode.TESTING, db_default="testing"
    )
    alias_of = models.ForeignKey(  # every address there also works here; then none is its own
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="alias_domains"
    )

    objects = DomainQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["tenant", "name"], name="domain_tenant_name"),
            models.Index(fields=["next_check_at"], name="domain_next_check"),
        )
        constraints = (
            models.UniqueConstraint(name="domain_tenant_id", fields=["tenant", "id"]),
            models.CheckConstraint(name="domain_name_lower", condition=Q(name=Lower("name"))),
            models.CheckConstraint(
                name="domain_status_known", condition=Q(status__in=DomainStatus.values)
            ),
            models.CheckConstraint(
                name="domain_deleting_has_date",
                condition=Q(status=DomainStatus.DELETING, delete_after__isnull=False)
                | (~Q(status=DomainStatus.DELETING) & Q(delete_after__isnull=True)),
            ),
            models.CheckConstraint(
                name="domain_sts_mode_known", condition=Q(mta_sts_mode__in=StsMode.values)
            ),
            models.CheckConstraint(
                name="domain_alias_of_another",
                condition=~Q(alias_of=F("id")) | Q(alias_of__isnull=True),
            ),
            models.CheckConstraint(
                name="domain_active_is_verified",
                condition=Q(status=DomainStatus.PENDING) | Q(verified_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name
