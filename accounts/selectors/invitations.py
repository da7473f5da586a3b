"""One-time links that nobody has used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.errors import InvitationOver
from accounts.models import (
    Invitation,
    Tenant,
)
from portal.errors import NotFound

if TYPE_CHECKING:
    from django.db.models import QuerySet


def open_invitations(tenant: Tenant) -> QuerySet[Invitation]:
    """Return invitations into roles of `tenant` that nobody has used, expired ones too."""
    return (
        Invitation.objects.filter(tenant=tenant, accepted_at=None, user=None)
        .select_related("invited_by")
        .order_by("-created_at", "-pk")
    )


def expired_invitations(tenant: Tenant) -> QuerySet[Invitation]:
    """Return those of the open invitations whose time is over."""
    return open_invitations(tenant).filter(expires_at__lt=timezone.now())


def invitation_of(tenant: Tenant, invitation_id: int) -> Invitation:
    """Return an unused invitation of `tenant`. Raises NotFound."""
    found = (
        Invitation.objects.filter(tenant=tenant, accepted_at=None, pk=invitation_id)
        .select_related("tenant", "user")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def invitation_by_hash(token_sha256: str) -> Invitation:
    """Return the invitation that may still be used. Raises InvitationOver."""
    found = (
        Invitation.objects.select_related("tenant", "user", "user__tenant")
        .filter(token_sha256=token_sha256, accepted_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if found is None:
        raise InvitationOver
    return found
