"""DNS checks: history rows, one per check, and one per record whose verdict changed or stood."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from domains.models.domain import Domain


class Verdict(models.TextChoices):
    """How the live record compares with the expected one. A time-out is unknown, never missing."""

    MATCH = "match", _("Match")
    MISSING = "missing", _("Missing")
    CONFLICT = "conflict", _("Conflict")
    UNKNOWN = "unknown", _("Unknown")


class DnsCheck(models.Model):
    """One round of questions about a domain. `finished_at` None: still asking."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="dns_checks")
    requested_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    servers = models.JSONField(default=list)  # name servers asked, as text
    requested_by_person = models.BooleanField(default=False)
    changed = models.BooleanField(default=False)  # something differs from the check before
    confirmed_at = models.DateTimeField(null=True, blank=True)  # a later check saw the same again

    class Meta:
        indexes = (models.Index(fields=["domain", "-id"], name="dns_check_latest"),)

    def __str__(self) -> str:
        return str(self.domain_id)


class DnsChange(models.Model):
    """A record whose verdict became another one. An unknown in between is no change.

    Told for whole tenants, so it is written down when it is seen instead of being worked out from
    what checks saw; it goes with the check that saw it.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="dns_changes")
    check_row = models.ForeignKey(DnsCheck, on_delete=models.CASCADE, related_name="changes")
    record = models.CharField(max_length=32)  # as in DnsRecordState
    before = models.CharField(max_length=16, choices=Verdict)
    after = models.CharField(max_length=16, choices=Verdict)
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["tenant", "-at", "-id"], name="dns_change_tenant"),
            models.Index(fields=["-at", "-id"], name="dns_change_at"),
        )

    def __str__(self) -> str:
        return f"{self.record} {self.before} {self.after}"


class DnsRecordState(models.Model):
    """What one check saw of one expected record."""

    check_row = models.ForeignKey(DnsCheck, on_delete=models.CASCADE, related_name="records")
    record = models.CharField(max_length=32)  # "ownership", "mx", "spf", "dkim-s1", "dmarc", …
    name = models.CharField(max_length=255)  # owner name asked
    rdtype = models.CharField(max_length=8)
    expected = models.TextField()
    observed = models.JSONField(default=list)  # list of text values, as the servers gave them
    verdict = models.CharField(max_length=16, choices=Verdict)
    detail = models.CharField(max_length=64, blank=True)  # code of the reason: "two_spf", "timeout"
    figures = models.JSONField(default=dict)  # of SPF: {"lookups": 4, "addresses": {…: "pass"}}
    servers_asked = models.PositiveSmallIntegerField(default=0)
    servers_answered = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="dns_record_once", fields=["check_row", "record"]),
            models.CheckConstraint(name="verdict_known", condition=Q(verdict__in=Verdict.values)),
        )

    def __str__(self) -> str:
        return f"{self.record} {self.verdict}"
