"""A renamed mailbox and a moved domain on the running daemons: same mail, new name, new owner."""

from __future__ import annotations

import imaplib
from typing import TYPE_CHECKING

import pytest

from accounts.actor import Actor
from accounts.models import AuditEvent, Membership, Role, Tenant, TenantKind, User
from domains.models import Address, Alias, Domain, Mailbox
from domains.services.move_domain import move_domain
from domains.services.rename_mailbox import rename_mailbox
from domains.services.set_alias import create_alias
from domains.services.set_forwarder import create_forwarder
from tests.conftest import deliver, letter, until
from tests.domains.conftest import acting
from tests.wire.mail import ask_recipient, messages, send_from_outside, submission
from tests.world import Person, World, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.config import Stack

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


def subjects(client: imaplib.IMAP4) -> set[str]:
    return {message["Subject"] for message in messages(client)}


def test_a_renamed_mailbox_keeps_its_mail_and_both_addresses_lead_to_it(
    stack: Stack, live: World, imap: Connect
) -> None:
    actor, person = acting(live.tenant), live.person("ten.cu")
    before, old, new = unique("truoc"), unique("cu"), unique("moi")
    deliver(stack, person.address, letter(person.address, subject=before))
    former = person.address
    client = imap(person)
    rename_mailbox(actor=actor, mailbox=person.box, domain=live.domain, localpart="ten.moi")
    until(lambda: _has_ended(client), seconds=5, what="sessions under the old name end")
    with pytest.raises(imaplib.IMAP4.error):
        imap(person)
    person.user.refresh_from_db()
    assert person.address == f"ten.moi@{live.domain.name}"
    again = imap(person)
    assert before in subjects(again)
    send_from_outside(stack, former, letter(former, subject=old))
    send_from_outside(stack, person.address, letter(person.address, subject=new))
    until(lambda: {old, new} <= subjects(again), what="mail to both addresses")
    with submission(stack, person) as sender:
        assert sender.mail(former)[0] == 250
        assert sender.rcpt("an@partner.test")[0] == 250


def test_a_renaming_is_taken_back_by_another(stack: Stack, live: World, imap: Connect) -> None:
    actor, person = acting(live.tenant), live.person("mot")
    rename_mailbox(actor=actor, mailbox=person.box, domain=live.domain, localpart="hai")
    rename_mailbox(actor=actor, mailbox=person.box, domain=live.domain, localpart="mot")
    person.user.refresh_from_db()
    assert person.address == f"mot@{live.domain.name}"
    imap(person)
    assert ask_recipient(stack, f"hai@{live.domain.name}")[0] == 250


def test_a_moved_domain_goes_on_without_anybody_noticing_at_the_mailbox(
    stack: Stack, live: World, imap: Connect
) -> None:
    person, admin = live.person(), live.person(role=Role.COMPANY_ADMIN)
    create_alias(
        actor=acting(live.tenant), domain=live.domain, localpart="bd", mailboxes=[person.address]
    )
    create_forwarder(
        actor=acting(live.tenant), domain=live.domain, localpart="ra", targets=["an@partner.test"]
    )
    shared = Mailbox.objects.create(
        tenant=live.tenant,
        address=Address.objects.create(
            tenant=live.tenant,
            domain=live.domain,
            localpart="chung",
            email=f"chung@{live.domain.name}",
        ),
        name="Chung",
    )
    before, after = unique("truoc"), unique("sau")
    deliver(stack, person.address, letter(person.address, subject=before))
    client = imap(person)
    target = plant(Tenant(parent=live.reseller, kind=TenantKind.COMPANY, name=unique("Mới ")))
    seller = live.admin_of(live.reseller, Role.RESELLER).user
    actor = Actor(seller, live.reseller, frozenset({Role.RESELLER}))
    move_domain(actor=actor, domain=live.domain, target=target)
    assert before in subjects(client)  # the open session goes on
    send_from_outside(stack, f"bd@{live.domain.name}", letter(person.address, subject=after))
    until(lambda: after in subjects(client), what="mail after the move")
    imap(person)
    assert Domain.objects.get(pk=live.domain.pk).tenant == target
    for rows in (
        Address.objects.filter(domain=live.domain),
        Mailbox.objects.filter(pk__in=[person.box.pk, shared.pk]),
        Alias.objects.filter(address__domain=live.domain),
        User.objects.filter(pk__in=[person.user.pk, admin.user.pk]),
    ):
        assert set(rows.values_list("tenant_id", flat=True)) == {target.pk}
    assert not Membership.objects.filter(user=admin.user).exists()
    events = AuditEvent.objects.filter(action="domain.move", target_id=live.domain.pk)
    assert {event.tenant_id for event in events} == {live.tenant.pk, target.pk}


def _has_ended(client: imaplib.IMAP4_SSL) -> bool:
    try:
        client.noop()
    except (imaplib.IMAP4.abort, OSError):
        return True
    return False
