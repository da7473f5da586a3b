"""Pages of accounts: people, tenants, plans, invitations, audit log and one's own profile."""

from __future__ import annotations
