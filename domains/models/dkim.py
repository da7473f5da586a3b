"""DKIM keys: the private part is sealed with a key outside the database."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models

from accounts.models import Tenant
from domains.models.domain import Domain


class DkimKey(models.Model):
    """A signing key of a domain under a selector (s1, s2)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="dkim_keys")
    selector = models.CharField(max_length=32)
    public_key = models.TextField()  # base64 of SubjectPublicKeyInfo, as p= wants it
    private_sealed = models.BinaryField()  # portal.sealing over PKCS#8 PEM
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    active_at = models.DateTimeField(null=True, blank=True)  # None: not signing yet
    delegated_to = models.CharField(  # name in the operator's zone; empty: the domain's own TXT
        max_length=253, blank=True, db_default=""
    )
    published_at = models.DateTimeField(null=True, blank=True)  # when our zone took it
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="dkim_selector_once", fields=["domain", "selector"]),
        )

    def __str__(self) -> str:
        return self.selector
