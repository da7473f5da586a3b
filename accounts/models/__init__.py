"""Tables of people, tenants, plans, membership, invitations and the audit trail."""

from __future__ import annotations

from accounts.models.access_change import AccessChange
from accounts.models.audit import AuditEvent, AuditSeal
from accounts.models.membership import Invitation, Membership
from accounts.models.plan import Feature, Plan
from accounts.models.tenant import ENDED, Tenant, TenantKind, TenantStatus
from accounts.models.user import LoginName, User
from accounts.roles import Role

__all__ = [
    "ENDED",
    "AccessChange",
    "AuditEvent",
    "AuditSeal",
    "Feature",
    "Invitation",
    "LoginName",
    "Membership",
    "Plan",
    "Role",
    "Tenant",
    "TenantKind",
    "TenantStatus",
    "User",
]
