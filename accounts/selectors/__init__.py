"""Reads rows of accounts; each function finds and authorises in one call."""

from __future__ import annotations

from accounts.selectors.audit import audit_rows, recent_changes
from accounts.selectors.invitations import invitation_by_hash, invitation_of, open_invitations
from accounts.selectors.people import (
    admins_of,
    holds_role,
    may_manage,
    may_sign_in,
    memberships_of,
    outside_address,
    owns_mailbox,
    people_of,
    people_rows,
    person_by_login,
    person_of,
    roles_in,
    session_person,
)
from accounts.selectors.places import (
    Place,
    operator_tenant,
    place_of,
    tenant_below,
    tenant_by_name,
    tenant_counts,
    tenant_names,
    tenant_rows,
    tenants_below,
    tenants_of,
)
from accounts.selectors.plans import (
    LIMIT_FIELDS,
    Limits,
    limits_of,
    plan_of,
    plan_usage,
    plans_of,
)

__all__ = [
    "LIMIT_FIELDS",
    "Limits",
    "Place",
    "admins_of",
    "audit_rows",
    "holds_role",
    "invitation_by_hash",
    "invitation_of",
    "limits_of",
    "may_manage",
    "may_sign_in",
    "memberships_of",
    "open_invitations",
    "operator_tenant",
    "outside_address",
    "owns_mailbox",
    "people_of",
    "people_rows",
    "person_by_login",
    "person_of",
    "place_of",
    "plan_of",
    "plan_usage",
    "plans_of",
    "recent_changes",
    "roles_in",
    "session_person",
    "tenant_below",
    "tenant_by_name",
    "tenant_counts",
    "tenant_names",
    "tenant_rows",
    "tenants_below",
    "tenants_of",
]
