"""Suspending, ending and purging mailboxes, domains and tenants, as Postfix and Dovecot carry it out."""

from __future__ import annotations

import imaplib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import AuditEvent, Role, Tenant, TenantStatus, User
from accounts.services.suspend_tenant import resume_tenant, suspend_tenant
from accounts.services.terminate_tenant import restore_tenant, terminate_tenant
from domains.models import Address, Domain, Mailbox, MailHomeChange
from domains.services.purge_ended import purge_ended
from domains.services.set_alias import create_alias
from domains.services.set_forwarder import create_forwarder
from domains.services.suspend_domain import resume_domain, suspend_domain
from domains.services.suspend_mailbox import resume_mailbox, suspend_mailbox
from domains.services.terminate_domain import restore_domain, terminate_domain
from tests.conftest import deliver, letter, until
from tests.wire.mail import ask_recipient
from tests.world import Person, World, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.config import Stack

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


@pytest.fixture
def above(live: World) -> Actor:
    """The reseller, who may do all of it."""
    user = live.admin_of(live.reseller, Role.RESELLER).user
    return Actor(user=user, tenant=live.reseller, roles=frozenset({Role.RESELLER}))


def stop(level: str, live: World, actor: Actor, person: Person, *, refuses_mail: bool) -> None:
    if level == "mailbox":
        suspend_mailbox(actor=actor, mailbox=person.box, refuses_mail=refuses_mail)
    elif level == "domain":
        suspend_domain(actor=actor, domain=live.domain, refuses_mail=refuses_mail)
    else:
        tenant = live.tenant if level == "tenant" else live.reseller
        suspend_tenant(actor=_over(tenant, actor), tenant=tenant, refuses_mail=refuses_mail)


def go_on(level: str, live: World, actor: Actor, person: Person) -> None:
    if level == "mailbox":
        resume_mailbox(actor=actor, mailbox=person.box)
    elif level == "domain":
        resume_domain(actor=actor, domain=live.domain)
    else:
        tenant = live.tenant if level == "tenant" else live.reseller
        resume_tenant(actor=_over(tenant, actor), tenant=tenant)


def _over(tenant: Tenant, actor: Actor) -> Actor:
    """Return somebody above `tenant`: the reseller stops his customers, the system the reseller."""
    return actor if tenant.kind == "company" else Actor.system(tenant.parent)


def has_ended(client: imaplib.IMAP4_SSL) -> bool:
    try:
        client.noop()
    except (imaplib.IMAP4.abort, OSError):
        return True
    return False


def opens(imap: Connect, person: Person) -> bool:
    try:
        imap(person)
    except imaplib.IMAP4.error:
        return False
    return True


@pytest.mark.parametrize("level", ["mailbox", "domain", "tenant", "reseller"])
def test_suspended_may_keep_or_refuse_mail_and_open_sessions_end(
    stack: Stack, live: World, above: Actor, imap: Connect, level: str
) -> None:
    person = live.person()
    alias = create_alias(
        actor=above, domain=live.domain, localpart="bd", mailboxes=[person.address]
    )
    client = imap(person)
    stop(level, live, above, person, refuses_mail=False)
    until(lambda: has_ended(client), seconds=5, what="the open session ends")
    assert not opens(imap, person)
    assert ask_recipient(stack, person.address)[0] == 250
    stop(level, live, above, person, refuses_mail=True)
    code, words = ask_recipient(stack, person.address)
    assert (code, words[:5]) == (550, "5.2.1")
    assert ask_recipient(stack, alias.address.email)[0] == 550
    go_on(level, live, above, person)
    assert ask_recipient(stack, person.address)[0] == 250
    assert until(lambda: opens(imap, person), seconds=5)


def test_the_end_of_a_domain_can_be_undone_and_nothing_is_lost(
    stack: Stack, live: World, above: Actor, imap: Connect
) -> None:
    person = live.person()
    subject = unique("giu")
    deliver(stack, person.address, letter(person.address, subject=subject))
    client = imap(person)
    terminate_domain(actor=above, domain=live.domain, grace_days=30)
    until(lambda: has_ended(client), seconds=5)
    assert not opens(imap, person)
    assert ask_recipient(stack, person.address)[0] in {550, 554}
    assert purge_ended() >= 0
    assert Mailbox.objects.filter(pk=person.box.pk).exists()
    restore_domain(actor=above, domain=live.domain)
    # what Postfix remembers of a moment ago is gone within two seconds
    until(lambda: ask_recipient(stack, person.address)[0] == 250, seconds=5)
    assert until(lambda: opens(imap, person), seconds=5)
    again = imap(person)
    again.select("INBOX")
    assert again.search(None, "SUBJECT", subject)[1][0]


def test_after_the_days_of_grace_a_domain_goes_with_homes_and_proof(
    stack: Stack, live: World, above: Actor
) -> None:
    people = [live.person() for _ in range(3)]
    for person in people:
        deliver(stack, person.address, letter(person.address))
    create_forwarder(actor=above, domain=live.domain, localpart="ra", targets=["an@partner.test"])
    homes = [stack.data / "mail" / str(person.box.pk) for person in people]
    assert all(home.is_dir() for home in homes)
    terminate_domain(actor=above, domain=live.domain, grace_days=7)
    Domain.objects.filter(pk=live.domain.pk).update(
        delete_after=timezone.now() - timedelta(seconds=1)
    )

    def is_gone() -> bool:
        purge_ended()
        return not Domain.objects.filter(pk=live.domain.pk).exists()

    until(is_gone, seconds=20, what="the domain is purged")
    assert not any(home.exists() for home in homes)
    assert not Address.objects.filter(domain=live.domain.pk).exists()
    proof = AuditEvent.objects.get(action="domain.purge", target_id=live.domain.pk)
    assert proof.changes["removed_mailboxes"] == proof.changes["removed_homes"] == 3
    assert proof.changes["removed_forwarders"] == 1
    assert proof.changes["removed_bytes"] > 0
    erased = AuditEvent.objects.filter(action="mailbox.erase", tenant_id=live.tenant.pk)
    assert set(erased.values_list("target_id", flat=True)) == {p.box.pk for p in people}


def test_the_end_of_a_tenant_can_be_undone(
    stack: Stack, live: World, above: Actor, imap: Connect
) -> None:
    person = live.person()
    terminate_tenant(actor=above, tenant=live.tenant, grace_days=30)
    assert not opens(imap, person)
    assert ask_recipient(stack, person.address)[0] in {550, 554}
    purge_ended()
    restore_tenant(actor=above, tenant=live.tenant)
    until(lambda: ask_recipient(stack, person.address)[0] == 250, seconds=5)
    assert until(lambda: opens(imap, person), seconds=5)


def test_a_purged_tenant_leaves_nothing_but_the_proof(
    stack: Stack, live: World, above: Actor
) -> None:
    person, admin = live.person(), live.admin_of(live.tenant, Role.COMPANY_ADMIN)
    guest = live.admin_of(live.tenant, Role.AUDITOR)
    live.reseller.memberships.create(user=guest.user, role=Role.AUDITOR)
    deliver(stack, person.address, letter(person.address))
    home = stack.data / "mail" / str(person.box.pk)
    terminate_tenant(actor=above, tenant=live.tenant, grace_days=0)

    def is_gone() -> bool:
        purge_ended()
        return Tenant.objects.get(pk=live.tenant.pk).status == TenantStatus.PURGED

    until(is_gone, seconds=20, what="the tenant is purged")
    assert not home.exists()
    assert not Domain.objects.filter(tenant=live.tenant).exists()
    assert not User.objects.filter(pk__in=[person.user.pk, admin.user.pk]).exists()
    assert User.objects.get(pk=guest.user.pk).tenant == live.reseller
    for place in (live.tenant, live.reseller):
        proof = AuditEvent.objects.get(action="tenant.purge", tenant_id=place.pk)
        assert proof.changes["removed_homes"] == proof.changes["removed_mailboxes"] == 1
    assert not MailHomeChange.objects.filter(tenant_id=live.tenant.pk, done_at=None).exists()
