"""What the services of domains write, the running Postfix and Dovecot do at once, without a reload."""

from __future__ import annotations

import imaplib
import smtplib
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from demo.box.records import publish, withdraw
from domains.models import DomainStatus, Mailbox
from domains.selectors import expected_records
from domains.services.change_mailbox import change_mailbox
from domains.services.delete_domain import delete_domain
from domains.services.delete_mailbox import delete_mailbox, restore_mailbox
from domains.services.provision_mailbox import provision_mailbox
from domains.services.purge_deleted import purge_deleted
from domains.services.register_domain import register_domain
from domains.services.request_dns_check import request_dns_check
from domains.services.reset_password import reset_password
from domains.services.set_alias import change_alias, create_alias
from domains.services.set_catch_all import clear_catch_all, set_catch_all
from domains.services.set_forwarder import change_forwarder, create_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.suspend_mailbox import resume_mailbox, suspend_mailbox
from domains.services.verify_dns import verify_dns
from tests.conftest import letter, until
from tests.domains.conftest import acting
from tests.wire.mail import ask_recipient, send_from_outside
from tests.world import PASSWORD, Person, World, agree, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor
    from portal.config import Stack

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


@pytest.fixture
def actor(live: World) -> Actor:
    return acting(live.tenant)


@pytest.fixture
def send(stack: Stack) -> Callable[..., str]:
    """Send a message as the partner's server does; returns its subject. Refusals raise."""

    def hand_over(to: str) -> str:
        subject = unique("thu")
        send_from_outside(stack, to, letter(to, subject=subject))
        return subject

    return hand_over


def arrives(client: imaplib.IMAP4_SSL, subject: str) -> bool:
    """Wait until the subject is in the inbox."""

    def look() -> bool:
        client.select("INBOX", readonly=True)
        _ok, found = client.search(None, "SUBJECT", subject)
        return bool(found[0])

    return until(look, seconds=15, what=subject)


def refused(send: Callable[..., str], to: str) -> int:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(to)
    return caught.value.recipients[to][0]


def test_a_fresh_mailbox_receives_and_opens_at_once(
    live: World, actor: Actor, send: Callable[..., str], imap: Connect
) -> None:
    address = f"moi@{live.domain.name}"
    assert refused(send, address) == 550
    made = provision_mailbox(
        actor=actor,
        domain=live.domain,
        localpart="moi",
        name="Người Mới",
        quota_bytes=10_000_000,
        password=PASSWORD,
    )
    assert made.owner is not None
    subject = send(address)
    assert arrives(imap(Person(made.owner, made.mailbox)), subject)


def test_an_alias_a_forwarder_and_a_catch_all_lead_to_the_mailbox(
    live: World, actor: Actor, send: Callable[..., str], imap: Connect
) -> None:
    person = live.person()
    client = imap(person)
    alias = create_alias(
        actor=actor, domain=live.domain, localpart="biet.danh", mailboxes=[person.address]
    )
    assert arrives(client, send(alias.address.email))
    forwarder = create_forwarder(
        actor=actor, domain=live.domain, localpart="chuyen", targets=[person.address]
    )
    assert arrives(client, send(forwarder.address.email))
    nobody = f"khong.ai@{live.domain.name}"
    assert refused(send, nobody) == 550
    set_catch_all(actor=actor, domain=live.domain, mailbox=person.address)
    assert arrives(client, send(nobody))
    assert arrives(client, send(person.address.replace("@", "+the@")))
    clear_catch_all(actor=actor, domain=live.domain)
    assert refused(send, nobody) == 550
    change_alias(actor=actor, alias=alias, mailboxes=[person.address], is_enabled=False)
    assert refused(send, alias.address.email) == 550
    change_forwarder(actor=actor, forwarder=forwarder, targets=[person.address], is_enabled=False)
    assert refused(send, forwarder.address.email) == 550


def test_forwarding_keeps_a_copy_only_when_asked(
    live: World, actor: Actor, send: Callable[..., str], imap: Connect
) -> None:
    one, two = live.person(), live.person()
    mine, theirs = imap(one), imap(two)
    set_forwarding(actor=actor, mailbox=one.box, targets=[two.address], keep_copy=True)
    subject = send(one.address)
    assert arrives(mine, subject)
    assert arrives(theirs, subject)
    set_forwarding(actor=actor, mailbox=one.box, targets=[two.address], keep_copy=False)
    subject = send(one.address)
    assert arrives(theirs, subject)
    mine.select("INBOX", readonly=True)
    assert mine.search(None, "SUBJECT", subject)[1] == [b""]


def test_mail_is_passed_on_to_the_outside(
    stack: Stack, live: World, actor: Actor, send: Callable[..., str]
) -> None:
    outside = f"{unique('ban')}@partner.test"
    made = create_forwarder(
        actor=actor, domain=live.domain, localpart="ra.ngoai", targets=[outside]
    )
    agree(live.tenant, outside)
    subject = send(made.address.email)
    folder = stack.data / "outside" / outside

    def kept() -> bool:
        files = folder.glob("*.eml") if folder.is_dir() else ()
        return any(subject.encode() in file.read_bytes() for file in files)

    assert until(kept, seconds=20, what="the partner keeps the mail")


def test_suspending_acts_within_two_seconds_and_mail_keeps_arriving(
    live: World, actor: Actor, send: Callable[..., str], imap: Connect
) -> None:
    person = live.person()
    client = imap(person)
    client.select("INBOX")
    started = monotonic()
    suspend_mailbox(actor=actor, mailbox=person.box)
    until(lambda: _ended(client), seconds=5)
    assert monotonic() - started < 2
    with pytest.raises(imaplib.IMAP4.error):
        imap(person)
    subject = send(person.address)
    resume_mailbox(actor=actor, mailbox=person.box)
    until(lambda: _opens(imap, person), seconds=2)
    assert arrives(imap(person), subject)


def test_a_new_password_replaces_the_old_one_everywhere(
    live: World, actor: Actor, imap: Connect
) -> None:
    person = live.person()
    client = imap(person)
    reset_password(actor=actor, mailbox=person.box, password="mưa rơi trên mái ngói 7")
    until(lambda: _ended(client), seconds=3)
    with pytest.raises(imaplib.IMAP4.error):
        imap(person)
    imap(Person(person.user, person.mailbox, "mưa rơi trên mái ngói 7"))


def test_a_protocol_switched_off_is_off(live: World, actor: Actor, imap: Connect) -> None:
    person = live.person()
    client = imap(person)
    change_mailbox(actor=actor, mailbox=person.box, version=0, allow_imap=False)
    until(lambda: _ended(client), seconds=3)
    with pytest.raises(imaplib.IMAP4.error):
        imap(person)


def test_a_smaller_quota_counts_at_the_next_message(
    live: World, actor: Actor, send: Callable[..., str], imap: Connect
) -> None:
    person = live.person()
    client = imap(person)
    assert arrives(client, send(person.address))
    change_mailbox(actor=actor, mailbox=person.box, version=0, quota_bytes=1)
    until(lambda: _is_full(send, person.address), seconds=4)
    change_mailbox(actor=actor, mailbox=person.box, version=1, quota_bytes=10_000_000)
    until(lambda: not _is_full(send, person.address), seconds=4)


def test_a_closed_mailbox_refuses_mail_until_it_is_back(
    live: World, actor: Actor, send: Callable[..., str], imap: Connect
) -> None:
    person = live.person()
    delete_mailbox(actor=actor, mailbox=person.box, grace_days=7)
    assert refused(send, person.address) == 550
    restore_mailbox(actor=actor, mailbox=person.box)
    subject = send(person.address)
    until(lambda: _opens(imap, person), seconds=2)
    assert arrives(imap(person), subject)


def test_a_purged_mailbox_loses_its_home_and_the_address_starts_empty(
    stack: Stack, live: World, actor: Actor, send: Callable[..., str], imap: Connect
) -> None:
    person = live.person()
    assert arrives(imap(person), send(person.address))
    home = stack.data / "mail" / str(person.box.pk)
    assert home.is_dir()
    delete_mailbox(actor=actor, mailbox=person.box, grace_days=0)
    purge_deleted()  # or the running worker was faster
    until(lambda: not Mailbox.objects.filter(pk=person.box.pk).exists(), seconds=10)
    until(lambda: not home.exists(), seconds=15, what="the agent takes the home away")
    made = provision_mailbox(
        actor=actor,
        domain=live.domain,
        localpart=person.address.partition("@")[0],
        name="Người khác",
        password=PASSWORD,
    )
    assert made.owner is not None
    client = imap(Person(made.owner, made.mailbox))
    assert client.select("INBOX")[1] == [b"0"]


def test_a_pending_domain_takes_no_mail(
    live: World, actor: Actor, send: Callable[..., str]
) -> None:
    domain = register_domain(actor=actor, tenant=live.tenant, name=f"{unique('cho')}.test")
    assert domain.status == DomainStatus.PENDING
    assert refused(send, f"postmaster@{domain.name}") in {550, 554}
    delete_domain(actor=actor, domain=domain)


def test_a_domain_takes_mail_within_two_seconds_of_its_proof(
    stack: Stack, live: World, actor: Actor
) -> None:
    domain = register_domain(actor=actor, tenant=live.tenant, name=f"{unique('moi')}.test")
    address = f"chi@{domain.name}"
    # Whoever asked too early must not be remembered by Postfix.
    assert ask_recipient(stack, address)[0] == 554
    proof = expected_records(domain)[0]
    publish(proof.name, proof.rdtype, proof.value)
    verify_dns(check_id=request_dns_check(actor=actor, domain=domain).pk)
    domain.refresh_from_db()
    assert domain.status == DomainStatus.ACTIVE
    provision_mailbox(actor=actor, domain=domain, localpart="chi", name="Chi", password=PASSWORD)
    until(lambda: ask_recipient(stack, address)[0] == 250, seconds=2)
    withdraw(proof.name)


def _ended(client: imaplib.IMAP4_SSL) -> bool:
    try:
        client.noop()
    except (imaplib.IMAP4.abort, OSError):
        return True
    return False


def _opens(imap: Connect, person: Person) -> bool:
    try:
        imap(person)
    except imaplib.IMAP4.error:
        return False
    return True


def _is_full(send: Callable[..., str], address: str) -> bool:
    try:
        send(address)
    except smtplib.SMTPRecipientsRefused as exc:
        return exc.recipients[address][0] == 552
    except smtplib.SMTPDataError as exc:
        return exc.smtp_code == 552
    return False
