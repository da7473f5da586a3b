"""Who may do what: people, tenants, plans, membership, roles, sign-in and the audit trail."""
