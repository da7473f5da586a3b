"""Who may open what: one row per route and method; `test_access_table` fails where a route has none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATOR, RESELLER, COMPANY, DOMAIN, HELP, AUDITOR = (
    "operator",
    "reseller",
    "company_admin",
    "domain_admin",
    "help_desk",
    "auditor",
)
ROLES = (OPERATOR, RESELLER, COMPANY, DOMAIN, HELP, AUDITOR)
# staff: owns a mailbox, holds no role. foreign: admin of another company below the same reseller.
COLUMNS = ("anonymous", *ROLES, "staff", "foreign")

Status = int | frozenset[int]
SELLERS = (OPERATOR, RESELLER)


@dataclass(frozen=True)
class Row:
    """What each column gets from one route. `args` are names of the scene (see `tests/scene.py`)."""

    name: str
    method: str
    args: tuple[str, ...]
    expected: Mapping[str, Status]
    data: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def public(name: str, *args: str, method: str = "GET", ok: Status = 200) -> Row:
    """Everybody gets the same."""
    return Row(name, method, args, dict.fromkeys(COLUMNS, ok))


def personal(name: str, *args: str, method: str = "GET", ok: Status = 200) -> Row:
    """Everybody who is signed in, about himself; others go to sign-in."""
    expected: dict[str, Status] = dict.fromkeys(COLUMNS, ok)
    return Row(name, method, args, expected | {"anonymous": 302})


def within(
    name: str,
    *args: str,
    may: tuple[str, ...] = ROLES,
    method: str = "GET",
    ok: Status = 200,
    data: dict[str, str] | None = None,
) -> Row:
    """A page of the company: `may` are let in, other roles get 403, outsiders 404."""
    expected: dict[str, Status] = dict.fromkeys(COLUMNS, 404)
    expected |= dict.fromkeys(ROLES, 403) | dict.fromkeys(may, ok) | {"anonymous": 302}
    return Row(name, method, ("tenant", *args), expected, data or {})


def selling(
    name: str,
    *args: str,
    method: str = "GET",
    ok: Status = 200,
    data: dict[str, str] | None = None,
) -> Row:
    """A page of the reseller above the company: the company's own people do not know it."""
    expected: dict[str, Status] = dict.fromkeys(COLUMNS, 404)
    expected |= dict.fromkeys(SELLERS, ok) | {"anonymous": 302}
    return Row(name, method, ("reseller", *args), expected, data or {})


def own_mailbox(name: str, *args: str, method: str = "GET", ok: Status = 200) -> Row:
    """A page of the staff column's mailbox: nobody else knows it, whatever his role."""
    expected: dict[str, Status] = dict.fromkeys(COLUMNS, 404)
    expected |= {"staff": ok, "anonymous": 302}
    return Row(name, method, args, expected)


MAY_READ_LOG = (OPERATOR, RESELLER, COMPANY, AUDITOR)
MAY_CHANGE_PEOPLE = (OPERATOR, RESELLER, COMPANY)
MAY_CHANGE_MAIL = (OPERATOR, RESELLER, COMPANY, DOMAIN)
MAY_RESET = (OPERATOR, RESELLER, COMPANY, DOMAIN, HELP)

ACCOUNTS = [
    public("set-language", method="POST", ok=302),
    public("set-theme", method="POST", ok=302),
    # a signed-in person does not need the sign-in page
    Row("account_login", "GET", (), dict.fromkeys(COLUMNS, 302) | {"anonymous": 200}),
    public("account_logout", method="POST", ok=302),
    public("account_inactive"),
    personal("account_reauthenticate"),
    personal("accounts:home", ok=302),
    public("accounts:invitation", "unknown_token", ok=404),
    public("accounts:forgot"),
    personal("accounts:profile"),
    personal("accounts:password"),
    Row(
        "accounts:portal",
        "GET",
        (),
        dict.fromkeys(COLUMNS, 302) | {"staff": 403},
    ),
    within("accounts:dashboard"),
    within("accounts:tenant-settings", may=MAY_CHANGE_PEOPLE),
    selling("accounts:tenant-list"),
    selling("accounts:tenant-create"),
    selling("accounts:tenant-detail", "tenant"),
    selling("accounts:tenant-plan", "tenant", method="POST", ok=302),
    selling("accounts:tenant-suspend", "tenant", method="POST", ok=302),
    selling("accounts:tenant-resume", "tenant", method="POST", ok=409),
    selling("accounts:tenant-end", "tenant"),
    selling("accounts:tenant-restore", "tenant", method="POST", ok=409),
    selling("accounts:plan-list"),
    selling("accounts:plan-create"),
    selling("accounts:plan-detail", "plan"),
    selling("accounts:plan-delete", "plan", method="POST", ok=302),
    within("accounts:people"),
    within("accounts:invitation-create", may=MAY_CHANGE_PEOPLE),
    within(
        "accounts:invitation-resend", "invitation", may=MAY_CHANGE_PEOPLE, method="POST", ok=200
    ),
    within(
        "accounts:invitation-revoke", "invitation", may=MAY_CHANGE_PEOPLE, method="POST", ok=302
    ),
    within("accounts:person-detail", "colleague"),
    within(
        "accounts:role-grant",
        "colleague",
        may=MAY_CHANGE_PEOPLE,
        method="POST",
        ok=302,
        data={"role": "auditor"},
    ),
    within(
        "accounts:role-revoke",
        "colleague",
        may=MAY_CHANGE_PEOPLE,
        method="POST",
        ok=302,
        data={"role": "auditor"},
    ),
    within("accounts:person-suspend", "colleague", may=MAY_CHANGE_PEOPLE, method="POST", ok=302),
    within("accounts:person-resume", "colleague", may=MAY_CHANGE_PEOPLE, method="POST", ok=409),
    # allowed to both sellers, but this company has not agreed
    within("accounts:act-as", "colleague", may=(), method="POST"),
    personal("accounts:act-as-end", method="POST", ok=302),
    within("accounts:password-link", "colleague", may=MAY_RESET, method="POST"),
    within("accounts:audit", may=MAY_READ_LOG),
]

ALIVE = frozenset({200, 503})
MAILSERVER = [
    public("mailserver:healthz", ok=ALIVE),
    public("mailserver:metrics", ok=frozenset({401, 403, 404})),
]

MAY_HOST = (OPERATOR, RESELLER, COMPANY, DOMAIN)
REFUSED = 422  # the page again: the empty form is refused at its fields
DOMAINS = [
    within("domains:domain-list"),
    within("domains:domain-create", may=MAY_HOST),
    within("domains:domain-detail", "domain"),
    within("domains:domain-setup", "domain"),
    within("domains:domain-alias", "domain", may=MAY_HOST, method="POST", ok=REFUSED),
    within("domains:domain-alias-end", "domain", may=MAY_HOST, method="POST", ok=302),
    within("domains:domain-catch-all", "domain", may=MAY_HOST, method="POST", ok=302),
    within("domains:domain-pool", "domain", may=MAY_HOST, method="POST", ok=302),
    within("domains:domain-move", "domain", may=SELLERS),
    within("domains:domain-suspend", "domain", may=MAY_HOST, method="POST", ok=302),
    within("domains:domain-resume", "domain", may=MAY_HOST, method="POST", ok=302),
    within("domains:domain-delete", "domain", may=MAY_HOST),
    within("domains:domain-restore", "domain", may=MAY_HOST, method="POST", ok=302),
    within("domains:domain-dns", "domain"),
    within("domains:dns-check", "domain", method="POST", ok=302),
    within("domains:domain-mta-sts", "domain", may=MAY_HOST, method="POST", ok=REFUSED),
    within("domains:key-rotate", "domain", may=MAY_HOST, method="POST", ok=302),
    # nothing is being changed
    within("domains:key-rotate-cancel", "domain", may=MAY_HOST, method="POST", ok=409),
    within("domains:dns-history", "domain"),
    within("domains:dns-changed"),
    within("domains:zone-file", "domain"),
    within("domains:dns-share", "domain", may=MAY_HOST, method="POST"),
    public("domains:dns-shared", "unknown_token", ok=404),
    within("domains:person-scope", "scoped_person", "scoped_role", may=MAY_CHANGE_PEOPLE),
    within("domains:sender-list", may=(OPERATOR,)),
    within("domains:sender-check", may=(OPERATOR,), method="POST", ok=302),
    within("domains:mailbox-list"),
    within("domains:mailbox-create", may=MAY_HOST),
    within("domains:mailbox-options"),
    within("domains:mailbox-detail", "mailbox"),
    within("domains:mailbox-change", "mailbox", may=MAY_HOST, method="POST", ok=REFUSED),
    public("consents:answer", "unknown_token", ok=404),
    public("consents:answer", "unknown_token", method="POST", ok=404),
    within(
        "domains:mailbox-ask",
        "mailbox",
        may=MAY_HOST,
        method="POST",
        ok=404,
        data={"email": "nobody@partner.test"},
    ),
    within(
        "domains:forwarder-ask",
        "forwarder",
        may=MAY_HOST,
        method="POST",
        ok=302,
        data={"email": "an@partner.test"},
    ),
    within(
        "domains:group-ask",
        "group",
        may=MAY_HOST,
        method="POST",
        ok=404,
        data={"email": "nobody@partner.test"},
    ),
    within("domains:mailbox-forwarding", "mailbox", may=MAY_HOST, method="POST", ok=REFUSED),
    within("domains:mailbox-password", "mailbox", may=MAY_RESET, method="POST", ok=REFUSED),
    within("domains:mailbox-link", "mailbox", may=MAY_RESET, method="POST"),
    within("domains:mailbox-rename", "mailbox", may=MAY_HOST, method="POST", ok=REFUSED),
    within("domains:mailbox-suspend", "mailbox", may=MAY_HOST, method="POST", ok=302),
    within("domains:mailbox-resume", "mailbox", may=MAY_HOST, method="POST", ok=302),
    within("domains:mailbox-leaver", "mailbox", may=MAY_HOST),
    within("domains:mailbox-leaver-undo", "mailbox", may=MAY_HOST, method="POST", ok=404),
    within("domains:mailbox-grants", "mailbox"),
    within("domains:mailbox-grant-take", "mailbox", "grant", may=MAY_HOST, method="POST", ok=302),
    within("domains:mailbox-delete", "mailbox", may=MAY_HOST),
    within("domains:mailbox-restore", "mailbox", may=MAY_HOST, method="POST", ok=302),
    within("domains:job-list"),
    within("domains:import-create", may=MAY_HOST),
    within("domains:import-sample", may=MAY_HOST),
    within("domains:selection-create", method="POST", ok=302),
    within("domains:job-detail", "job"),
    within("domains:import-columns", "job", may=MAY_HOST, method="POST", ok=302),
    within("domains:import-rows", "job", may=MAY_HOST, method="POST", ok=302),
    within("domains:job-begin", "job", may=MAY_HOST, method="POST", ok=302, data={"mode": "skip"}),
    within("domains:job-cancel", "job", may=MAY_HOST, method="POST", ok=302),
    within("domains:job-undo", "job", may=MAY_HOST, method="POST", ok=409),
    within("domains:job-result", "job"),
    within("domains:alias-list"),
    within("domains:alias-create", may=MAY_HOST),
    within("domains:alias-change", "alias", may=MAY_HOST),
    within("domains:alias-delete", "alias", may=MAY_HOST),
    within("domains:alias-delete", "alias", may=MAY_HOST, method="POST", ok=302),
    within("domains:group-list"),
    within("domains:group-create", may=MAY_HOST),
    within("domains:group-detail", "group"),
    within("domains:group-change", "group", may=MAY_HOST, method="POST", ok=REFUSED),
    within("domains:group-members", "group", may=MAY_HOST, method="POST", ok=REFUSED),
    within(
        "domains:group-member-remove",
        "group",
        "group_member",
        may=MAY_HOST,
        method="POST",
        ok=302,
    ),
    within("domains:group-grant", "group", may=MAY_HOST, method="POST", ok=REFUSED),
    within("domains:group-grant-take", "group", "group_grant", may=MAY_HOST, method="POST", ok=302),
    within("domains:group-delete", "group", may=MAY_HOST),
    within("domains:group-delete", "group", may=MAY_HOST, method="POST", ok=302),
    within("domains:forwarder-list"),
    within("domains:forwarder-create", may=MAY_HOST),
    within("domains:forwarder-change", "forwarder", may=MAY_HOST),
    within("domains:forwarder-delete", "forwarder", may=MAY_HOST),
    within("domains:forwarder-delete", "forwarder", may=MAY_HOST, method="POST", ok=302),
]

# The company's domain is hosted, but the table asks under the portal's own name.
CLIENTS = [
    public("clients:autoconfig", ok=404),
    public("clients:autoconfig-well-known", ok=404),
    public("clients:autodiscover", method="POST", ok=400),
    public("clients:autodiscover-json", ok=404),
    public("clients:autodiscover-json-of", "email", ok=400),  # no protocol named
    public("clients:user-agent-configuration", ok=404),
    public("clients:mta-sts", ok=404),
    personal("devices:home"),
    own_mailbox("devices:mailbox", "mailbox"),
    own_mailbox("devices:profile", "mailbox"),
    public("devices:open", "unknown_token", ok=404),
    public("devices:open-profile", "unknown_token", ok=404),
]

# The scene's mailbox lives in a transaction that Dovecot does not see, so the one person who
# is let in is told that the mail store does not answer.
MAIL_STORE = 503
FOLDER = ("mailbox", "folder")
MESSAGE = (*FOLDER, "uid_validity", "uid")
READING = [
    Row("webmail:home", "GET", (), dict.fromkeys(COLUMNS, 200) | {"anonymous": 302, "staff": 302}),
    own_mailbox("webmail:mailbox", "mailbox", ok=302),
    own_mailbox("webmail:folder", *FOLDER, ok=MAIL_STORE),
    own_mailbox("webmail:act", *FOLDER, method="POST", ok=400),
    own_mailbox("webmail:move", *FOLDER, ok=MAIL_STORE),
    own_mailbox("webmail:empty", *FOLDER, ok=MAIL_STORE),
    own_mailbox("webmail:empty", *FOLDER, method="POST", ok=MAIL_STORE),
    own_mailbox("webmail:folder-change", *FOLDER, ok=MAIL_STORE),
    own_mailbox("webmail:folder-change", *FOLDER, method="POST", ok=MAIL_STORE),
    own_mailbox("webmail:message", *MESSAGE, ok=MAIL_STORE),
    own_mailbox("webmail:body", *MESSAGE, ok=MAIL_STORE),
    own_mailbox("webmail:source", *MESSAGE, ok=MAIL_STORE),
    own_mailbox("webmail:all-attachments", *MESSAGE, ok=MAIL_STORE),
    own_mailbox("webmail:attachment", *MESSAGE, "part", ok=MAIL_STORE),
    own_mailbox("webmail:inline", *MESSAGE, "part", ok=MAIL_STORE),
    own_mailbox("webmail:folders", "mailbox", ok=MAIL_STORE),
    own_mailbox("webmail:folder-create", "mailbox", method="POST", ok=MAIL_STORE),
    own_mailbox("webmail:undo", "mailbox", method="POST", ok=400),
    own_mailbox("webmail:search", "mailbox", ok=MAIL_STORE),
    own_mailbox("webmail:image", "mailbox", ok=404),
    own_mailbox("webmail:handed", "mailbox", "departure"),
    own_mailbox("webmail:handed-download", "mailbox", "departure"),
]

OUTGOING = ("mailbox", "submission")
WRITING = [
    own_mailbox("webmail:compose", "mailbox"),
    own_mailbox("webmail:editor", "mailbox"),
    own_mailbox("webmail:upload", "mailbox", "unknown_key", ok=404),
    own_mailbox("webmail:upload-add", "mailbox", "unknown_key", method="POST", ok=400),
    own_mailbox(
        "webmail:upload-remove", "mailbox", "unknown_key", "unknown_key", method="POST", ok=204
    ),
    own_mailbox("webmail:people", "mailbox"),
    own_mailbox("webmail:outbox", "mailbox"),
    own_mailbox("webmail:outbox-toast", *OUTGOING),
    own_mailbox("webmail:outbox-undo", *OUTGOING, method="POST", ok=302),
    own_mailbox("webmail:outbox-cancel", *OUTGOING, method="POST", ok=302),
    own_mailbox("webmail:outbox-retry", *OUTGOING, method="POST", ok=302),
    own_mailbox("webmail:outbox-dismiss", *OUTGOING, method="POST", ok=302),
]
DELIVERY = [
    within("delivery:outgoing-list"),
    within("delivery:outgoing-retry", "submission", may=MAY_CHANGE_MAIL, method="POST", ok=302),
    within("delivery:outgoing-cancel", "submission", may=MAY_CHANGE_MAIL, method="POST", ok=302),
]

# Each room keeps its own list above; a new route goes into the list of its room.
TABLE: list[Row] = [
    *ACCOUNTS,
    *DOMAINS,
    *CLIENTS,
    *DELIVERY,
    *MAILSERVER,
    *READING,
    *WRITING,
]
