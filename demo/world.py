"""Makes the demo world through the product's own services: tenants, people, domains, mailboxes, mail."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Role, Tenant, TenantKind
from accounts.services.change_plan import create_plan
from accounts.services.change_roles import grant_role
from accounts.services.create_person import create_person
from accounts.services.create_tenant import create_operator_tenant, create_tenant
from demo.box.records import publish
from demo.letters import letters, render
from domains.models import Domain, DomainStatus, Mailbox
from domains.selectors import expected_records
from domains.services.provision_mailbox import provision_mailbox
from domains.services.register_domain import register_domain
from domains.services.request_dns_check import request_dns_check
from domains.services.verify_dns import verify_dns
from portal.config import stack
from webmail.identity import MailIdentity
from webmail.imap.messages import append
from webmail.imap.pool import borrow

if TYPE_CHECKING:
    from accounts.models import User
    from demo.letters import Letter

PASSWORD = "hopthu-demo-2026"
GIGABYTE = 1_000_000_000
OPERATOR_EMAIL = "operator@hopthu.test"
RESELLER_EMAIL = "lan@saomai.test"
DOMAINS = ("haivan.test", "northwind.test")


@dataclass(frozen=True, slots=True)
class SignIn:
    """A line of DATA/demo.json."""

    role: str
    email: str
    tenant: str

    @property
    def row(self) -> dict[str, str]:
        """The line as it is written."""
        return {
            "role": self.role,
            "email": self.email,
            "password": PASSWORD,
            "tenant": self.tenant,
        }


def make_world() -> None:
    """Make tenants, people, domains and mailboxes unless the installation has an operator already.

    Domains are proved like any other: the records go into the boxed DNS server, a check sees them.
    One transaction: a start that was cut short leaves nothing, and the next one begins again.
    """
    with transaction.atomic():
        _make_world()


def publish_records() -> None:
    """Put the demo domains' records into the boxed DNS server again.

    A newer version may have written its zones anew, or expect records that did not exist before.
    """
    for domain in Domain.objects.filter(name__in=DOMAINS, status=DomainStatus.ACTIVE):
        for record in expected_records(domain):
            publish(record.name, record.rdtype, record.value)


def _make_world() -> None:
    if Tenant.objects.filter(kind=TenantKind.OPERATOR).exists():
        return
    operator = create_operator_tenant(name="Hộp Thư", language="vi", timezone=stack().timezone)
    actor = Actor.system(operator)
    home = _host(actor, operator, stack().operator_domain)
    provision_mailbox(
        actor=actor, domain=home, localpart="no-reply", name=stack().brand, shared=True
    )
    boss = provision_mailbox(
        actor=actor,
        domain=home,
        localpart="operator",
        name="Phan Quốc Bảo",
        quota_bytes=5 * GIGABYTE,
        password=PASSWORD,
        language="vi",
    )
    _grant(actor, operator, boss.owner, Role.OPERATOR)
    wholesale = create_plan(
        actor=actor,
        tenant=operator,
        name="Đại lý 50",
        limits={"max_domains": 50, "max_mailboxes": 500, "storage_bytes": 1000 * GIGABYTE},
    )
    reseller = create_tenant(
        actor=actor,
        parent=operator,
        kind=TenantKind.RESELLER,
        name="Sao Mai Hosting",
        plan=wholesale,
        language="vi",
    )
    lan = create_person(
        actor=actor,
        tenant=reseller,
        email=RESELLER_EMAIL,
        name="Võ Ngọc Lan",
        password=PASSWORD,
        language="vi",
    )
    _grant(actor, reseller, lan, Role.RESELLER)
    small = create_plan(
        actor=actor,
        tenant=reseller,
        name="Doanh nghiệp 60",
        limits={
            "max_domains": 5,
            "max_mailboxes": 60,
            "max_aliases": 120,
            "max_forwarders": 60,
            "storage_bytes": 300 * GIGABYTE,
            "max_mailbox_bytes": 20 * GIGABYTE,
        },
    )
    haivan = create_tenant(
        actor=actor,
        parent=reseller,
        kind=TenantKind.COMPANY,
        name="Công ty Hải Vân",
        plan=small,
        language="vi",
    )
    _staff(
        actor,
        haivan,
        "haivan.test",
        "vi",
        [
            ("mai", "Đặng Thanh Mai", Role.COMPANY_ADMIN),
            ("binh", "Nguyễn Văn Bình", None),
            ("chi", "Lê Thảo Chi", None),
            ("dung", "Trần Tiến Dũng", None),
        ],
    )
    northwind = create_tenant(
        actor=actor,
        parent=reseller,
        kind=TenantKind.COMPANY,
        name="Northwind Tools",
        plan=small,
        language="en",
    )
    _staff(
        actor,
        northwind,
        "northwind.test",
        "en",
        [("robin", "Robin Castellan", Role.COMPANY_ADMIN), ("sam", "Sam Okafor", None)],
    )


def sign_ins() -> list[dict[str, str]]:
    """Return the demo sign-ins as DATA/demo.json lists them."""
    people = [
        SignIn("operator", OPERATOR_EMAIL, "Hộp Thư"),
        SignIn("reseller", RESELLER_EMAIL, "Sao Mai Hosting"),
        SignIn("company_admin", "mai@haivan.test", "Công ty Hải Vân"),
        SignIn("staff", "binh@haivan.test", "Công ty Hải Vân"),
        SignIn("staff", "chi@haivan.test", "Công ty Hải Vân"),
        SignIn("staff", "dung@haivan.test", "Công ty Hải Vân"),
        SignIn("company_admin", "robin@northwind.test", "Northwind Tools"),
        SignIn("staff", "sam@northwind.test", "Northwind Tools"),
    ]
    return [person.row for person in people]


def write_sign_ins() -> None:
    """Write DATA/demo.json, readable by its owner only."""
    path = stack().data / "demo.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(sign_ins(), ensure_ascii=False, indent=2) + "\n")


def fill_mailboxes() -> int:
    """Store the letters in every demo mailbox that has none yet; return how many were stored."""
    by_owner: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters():
        by_owner[letter.owner].append(letter)
    stored = 0
    for address, mine in by_owner.items():
        mailbox = Mailbox.objects.select_related("address").get(address__email=address)
        identity = MailIdentity(
            mailbox.pk, address, mailbox.name, mailbox.tenant_id, mailbox.owner_id or 0
        )
        stored += _fill(identity, sorted(mine, key=lambda one: -one.hours_ago))
    return stored


def _fill(identity: MailIdentity, mine: list[Letter]) -> int:
    now = timezone.now()
    threads: dict[str, list[str]] = defaultdict(list)
    with borrow(identity) as session:
        if session.select("INBOX").message_count:
            return 0
        for letter in mine:
            mime, moment, message_id = render(letter, now, threads[letter.thread])
            if letter.thread:
                threads[letter.thread].append(message_id)
            append(session, letter.folder, mime, [f.encode() for f in letter.flags], moment)
    return len(mine)


def _host(actor: Actor, tenant: Tenant, name: str) -> Domain:
    """Add a proved domain with every record published."""
    domain = register_domain(actor=actor, tenant=tenant, name=name)
    for record in expected_records(domain):
        publish(record.name, record.rdtype, record.value)
    check = request_dns_check(actor=actor, domain=domain)
    verify_dns(check_id=check.pk)
    domain.refresh_from_db()
    if domain.status != DomainStatus.ACTIVE:
        raise RuntimeError(f"the boxed DNS server does not prove {name}")
    return domain


def _staff(
    actor: Actor,
    tenant: Tenant,
    domain_name: str,
    language: str,
    people: list[tuple[str, str, Role | None]],
) -> None:
    domain = _host(actor, tenant, domain_name)
    for localpart, name, role in people:
        made = provision_mailbox(
            actor=actor,
            domain=domain,
            localpart=localpart,
            name=name,
            quota_bytes=10 * GIGABYTE,
            password=PASSWORD,
            language=language,
        )
        if role is not None:
            _grant(actor, tenant, made.owner, role)


def _grant(actor: Actor, tenant: Tenant, person: User | None, role: Role) -> None:
    if person is None:
        raise RuntimeError("a role needs a person")
    grant_role(actor=actor, tenant=tenant, person=person, role=role)
