"""Which role may do what: one pure table that pages, API, tasks and documentation share."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable


class Role(TextChoices):
    """Roles a person can hold in a tenant. A mailbox owner needs none."""

    OPERATOR = "operator", _("Operator")
    RESELLER = "reseller", _("Reseller")
    COMPANY_ADMIN = "company_admin", _("Company admin")
    DOMAIN_ADMIN = "domain_admin", _("Domain admin")
    HELP_DESK = "help_desk", _("Help desk")
    AUDITOR = "auditor", _("Auditor")


class Action(StrEnum):
    """Everything a role can allow. The value is what documentation and the API call it."""

    TENANT_VIEW = "tenant.view"  # overview and key figures
    TENANT_CREATE = "tenant.create"  # resellers and companies below
    TENANT_CHANGE = "tenant.change"  # plan and status of a tenant below
    TENANT_SETTINGS = "tenant.settings"  # name, language, time zone of one's own tenant
    PERSON_ACT_AS = "person.act_as"  # in somebody's place, where his company lets its provider
    PLAN_VIEW = "plan.view"
    PLAN_CHANGE = "plan.change"
    PEOPLE_VIEW = "people.view"
    PEOPLE_CHANGE = "people.change"  # invite, roles, suspend
    PASSWORD_RESET = "password.reset"  # noqa: S105 - the name of an action
    AUDIT_VIEW = "audit.view"
    DOMAIN_VIEW = "domain.view"
    DOMAIN_CREATE = "domain.create"
    DOMAIN_CHANGE = "domain.change"
    DOMAIN_DELETE = "domain.delete"
    MAILBOX_VIEW = "mailbox.view"
    MAILBOX_CREATE = "mailbox.create"
    MAILBOX_CHANGE = "mailbox.change"  # quota, protocols, automatic reply, suspend
    MAILBOX_DELETE = "mailbox.delete"
    ALIAS_VIEW = "alias.view"
    ALIAS_CHANGE = "alias.change"
    FORWARDER_VIEW = "forwarder.view"
    FORWARDER_CHANGE = "forwarder.change"
    GROUP_VIEW = "group.view"
    GROUP_CHANGE = "group.change"  # members, who may send, send-as
    TRACE_VIEW = "trace.view"
    QUEUE_VIEW = "queue.view"
    QUEUE_CHANGE = "queue.change"
    HEALTH_VIEW = "health.view"


_ALL = frozenset(Action)
_MACHINES = frozenset({Action.QUEUE_VIEW, Action.QUEUE_CHANGE, Action.HEALTH_VIEW})
_SELLING = frozenset(
    {Action.TENANT_CREATE, Action.TENANT_CHANGE, Action.PLAN_CHANGE, Action.PERSON_ACT_AS}
)
_COMPANY = _ALL - _MACHINES - _SELLING
_PERSONNEL = frozenset({Action.PEOPLE_CHANGE, Action.TENANT_SETTINGS, Action.AUDIT_VIEW})

RIGHTS: dict[Role, frozenset[Action]] = {
    Role.OPERATOR: _ALL,
    Role.RESELLER: _ALL - _MACHINES,
    Role.COMPANY_ADMIN: _COMPANY,
    Role.DOMAIN_ADMIN: _COMPANY - _PERSONNEL,
    Role.HELP_DESK: frozenset(
        {
            Action.TENANT_VIEW,
            Action.PEOPLE_VIEW,
            Action.PASSWORD_RESET,
            Action.DOMAIN_VIEW,
            Action.MAILBOX_VIEW,
            Action.ALIAS_VIEW,
            Action.FORWARDER_VIEW,
            Action.GROUP_VIEW,
            Action.TRACE_VIEW,
        }
    ),
    Role.AUDITOR: frozenset(
        action for action in _ALL - _MACHINES if action.value.endswith(".view")
    ),
}

# What a role that covers only some domains still allows; everything else needs the whole tenant.
IN_A_DOMAIN = frozenset(
    {
        Action.TENANT_VIEW,
        Action.PASSWORD_RESET,
        Action.DOMAIN_VIEW,
        Action.DOMAIN_CHANGE,
        Action.MAILBOX_VIEW,
        Action.MAILBOX_CREATE,
        Action.MAILBOX_CHANGE,
        Action.MAILBOX_DELETE,
        Action.ALIAS_VIEW,
        Action.ALIAS_CHANGE,
        Action.FORWARDER_VIEW,
        Action.FORWARDER_CHANGE,
        Action.GROUP_VIEW,
        Action.GROUP_CHANGE,
    }
)
# Roles that can be given for some domains only.
SCOPED_ROLES = (Role.DOMAIN_ADMIN, Role.HELP_DESK)

# Which roles make sense in which kind of tenant (accounts.models.TenantKind).
ROLES_OF_KIND: dict[str, tuple[Role, ...]] = {
    "operator": (Role.OPERATOR, Role.HELP_DESK, Role.AUDITOR),
    "reseller": (Role.RESELLER, Role.HELP_DESK, Role.AUDITOR),
    "company": (Role.COMPANY_ADMIN, Role.DOMAIN_ADMIN, Role.HELP_DESK, Role.AUDITOR),
}

# What each role is, in one sentence, for people who have to choose one.
DESCRIPTIONS = {
    Role.OPERATOR: _("Runs the installation: every tenant, the machines and the queue."),
    Role.RESELLER: _("Sells plans and acts for every customer below; never sees mail."),
    Role.COMPANY_ADMIN: _("Domains, mailboxes, people and the audit log of the company."),
    Role.DOMAIN_ADMIN: _("Domains, mailboxes and aliases, but not other administrators."),
    Role.HELP_DESK: _("Looks things up and resets passwords; never opens mail."),
    Role.AUDITOR: _("Reads settings and the audit log; changes nothing."),
}


def rights_of(roles: Iterable[Role | str]) -> frozenset[Action]:
    """Return everything that any of `roles` allows; unknown names allow nothing."""
    known = [Role(role) for role in roles if role in Role.values]
    return frozenset[Action]().union(*(RIGHTS[role] for role in known))


def covers(roles: Iterable[Role | str], other: Iterable[Role | str]) -> bool:
    """Return whether `roles` allow at least what `other` allows: nobody grants what he lacks."""
    return rights_of(other) <= rights_of(roles)
