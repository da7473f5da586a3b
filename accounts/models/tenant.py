"""Tenants: the operator, resellers and companies, in one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime


class TenantKind(models.TextChoices):
    """What a tenant may hold below itself."""

    OPERATOR = "operator", _("Operator")
    RESELLER = "reseller", _("Reseller")
    COMPANY = "company", _("Company")


class TenantStatus(models.TextChoices):
    """Whether a tenant is served.

    `terminated` waits for `purge_after`, when everything in it goes; `purged` keeps only the row,
    so that the audit trail stays readable from above.
    """

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    TERMINATED = "terminated", _("Terminated")
    PURGED = "purged", _("Purged")


ENDED = (TenantStatus.TERMINATED, TenantStatus.PURGED)


class TenantQuerySet(models.QuerySet["Tenant"]):
    """Rows of the tree."""

    def within(self, root: Tenant) -> TenantQuerySet:
        """Return `root` and every tenant below it."""
        return self.filter(path__startswith=root.path)


class Tenant(models.Model):
    """A customer. `path` lists the ids from the root to this row, each followed by a dot."""

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    path = models.CharField(max_length=255, editable=False)
    kind = models.CharField(max_length=16, choices=TenantKind)
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=16, choices=TenantStatus, default=TenantStatus.ACTIVE)
    refuses_mail = models.BooleanField(default=False)  # while suspended: senders are told at once
    purge_after = models.DateTimeField(null=True, blank=True)  # set while `terminated`
    was_suspended = models.BooleanField(default=False)  # what undoing the termination returns to
    lets_provider_act = models.BooleanField(default=False)  # in the place of its admins
    plan = models.ForeignKey(
        "accounts.Plan", null=True, blank=True, on_delete=models.PROTECT, related_name="tenants"
    )
    language = models.CharField(max_length=5, blank=True)  # empty: the visitor's browser decides
    timezone = models.CharField(max_length=64, blank=True)  # empty: the installation's
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    # Not a column: the domains that whoever asks may see, None for all. Set where a place is found,
    # so that every selector which starts from this tenant is narrowed.
    domain_scope: frozenset[int] | None = None

    # Not a column: this tenant and those above it, with their plans, root first; None: not asked.
    # Set where a place is found, for what pages show; whoever decides under a lock reads anew.
    known_line: tuple[Tenant, ...] | None = None

    objects = TenantQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["path"], name="tenant_path", opclasses=["varchar_pattern_ops"]),
        )
        constraints = (
            models.CheckConstraint(
                name="tenant_kind_known", condition=Q(kind__in=TenantKind.values)
            ),
            models.CheckConstraint(
                name="tenant_status_known", condition=Q(status__in=TenantStatus.values)
            ),
            models.CheckConstraint(
                name="tenant_terminated_has_date",
                condition=Q(status=TenantStatus.TERMINATED, purge_after__isnull=False)
                | (~Q(status=TenantStatus.TERMINATED) & Q(purge_after__isnull=True)),
            ),
            models.CheckConstraint(
                name="only_operator_is_root",
                condition=Q(kind=TenantKind.OPERATOR, parent__isnull=True)
                | (~Q(kind=TenantKind.OPERATOR) & Q(parent__isnull=False)),
            ),
            models.UniqueConstraint(
                name="one_operator",
                fields=["kind"],
                condition=Q(kind=TenantKind.OPERATOR),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def line(self) -> list[int]:
        """Ids from the root down to this tenant."""
        return [int(part) for part in self.path.split(".") if part]
