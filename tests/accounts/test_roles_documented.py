"""docs/admin/roles.md says what the table of rights says."""

from __future__ import annotations

from django.utils.translation import override

from accounts.roles import DESCRIPTIONS, IN_A_DOMAIN, RIGHTS, SCOPED_ROLES, Action, Role
from portal.config import ROOT

PAGE = ROOT / "docs" / "admin" / "roles.md"


def written() -> str:
    """Return the page as the table of rights would write it."""
    lines = [
        "# Roles and what each may do",
        "",
        "A role is held in one tenant and is valid there and in every tenant below it. A person may",
        "hold several; what they allow adds up. Nobody gives a role that allows more than his own,",
        "and nobody resets or suspends a person who may do more than he. No role opens mail: a",
        "mailbox is read by its owner, and by those he lets in.",
        "",
        f"{' and '.join(str(role.label) for role in SCOPED_ROLES)} can be given for some domains only",
        "(*People and roles → a person → Domains…*). Other domains are then not there (404), and of the",
        "actions below only these are left, inside these domains: "
        + ", ".join(f"`{action}`" for action in Action if action in IN_A_DOMAIN)
        + ".",
        "A password is reset only if all mailboxes of the person lie inside and the person holds no role.",
        "",
        "| role | is for |",
        "|---|---|",
        *(f"| {role.label} | {DESCRIPTIONS[role]} |" for role in Role),
        "",
        f"| action | {' | '.join(str(role.label) for role in Role)} |",
        f"|---|{'---|' * len(Role)}",
        *(
            f"| `{action}` | {' | '.join('yes' if action in RIGHTS[role] else '' for role in Role)} |"
            for action in Action
        ),
        "",
    ]
    return "\n".join(lines)


def test_the_page_about_roles_is_up_to_date() -> None:
    with override("en"):
        assert PAGE.read_text() == written()
