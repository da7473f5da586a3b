"""The table of rights is pure; these are the promises it makes."""

from __future__ import annotations

import pytest

from accounts.models import TenantKind
from accounts.roles import DESCRIPTIONS, RIGHTS, ROLES_OF_KIND, Action, Role, covers, rights_of


def test_every_role_has_rights_and_a_sentence() -> None:
    assert set(RIGHTS) == set(Role) == set(DESCRIPTIONS)


def test_every_kind_of_tenant_has_roles() -> None:
    assert set(ROLES_OF_KIND) == set(TenantKind.values)


def test_the_operator_may_do_everything() -> None:
    assert RIGHTS[Role.OPERATOR] == frozenset(Action)


def test_an_auditor_changes_nothing() -> None:
    assert all(action.value.endswith(".view") for action in RIGHTS[Role.AUDITOR])


def test_a_help_desk_changes_nothing_but_passwords() -> None:
    changing = {action for action in RIGHTS[Role.HELP_DESK] if not action.value.endswith(".view")}
    assert changing == {Action.PASSWORD_RESET}


def test_nobody_below_the_operator_touches_the_machines() -> None:
    machines = {Action.QUEUE_CHANGE, Action.QUEUE_VIEW, Action.HEALTH_VIEW}
    assert all(not machines & RIGHTS[role] for role in Role if role is not Role.OPERATOR)


def test_no_action_opens_mail() -> None:
    assert not [
        action for action in Action if "message" in action.value or "content" in action.value
    ]


def test_several_roles_add_up() -> None:
    both = rights_of([Role.HELP_DESK, Role.AUDITOR])
    assert both == RIGHTS[Role.HELP_DESK] | RIGHTS[Role.AUDITOR]


def test_an_unknown_role_allows_nothing() -> None:
    assert rights_of(["emperor"]) == frozenset()


@pytest.mark.parametrize(
    ("granting", "granted", "may"),
    [
        (Role.COMPANY_ADMIN, Role.COMPANY_ADMIN, True),
        (Role.COMPANY_ADMIN, Role.AUDITOR, True),
        (Role.DOMAIN_ADMIN, Role.AUDITOR, False),  # an auditor reads the audit log
        (Role.COMPANY_ADMIN, Role.RESELLER, False),
        (Role.DOMAIN_ADMIN, Role.COMPANY_ADMIN, False),
        (Role.RESELLER, Role.OPERATOR, False),
        (Role.RESELLER, Role.COMPANY_ADMIN, True),
        (Role.OPERATOR, Role.OPERATOR, True),
    ],
)
def test_nobody_grants_what_he_lacks(granting: Role, granted: Role, may: bool) -> None:
    assert covers([granting], [granted]) is may
