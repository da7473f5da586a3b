"""Which domains a role covers that was given for some domains only."""

from __future__ import annotations

from django.db import models

from accounts.models import Membership
from domains.models.domain import Domain


class DomainScope(models.Model):
    """One domain of a scoped membership. Without any, such a role covers nothing."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="scopes")
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="scopes")

    class Meta:
        constraints = (
            models.UniqueConstraint(name="domain_scope_once", fields=["membership", "domain"]),
        )

    def __str__(self) -> str:
        return f"{self.membership_id} {self.domain_id}"
