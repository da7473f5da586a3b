"""Storage is pooled by real use: a full domain or company takes no mail to keep, and loses nothing."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Plan
from domains.models import Domain, DomainStatus, DomainUsage, WhoMaySend
from domains.selectors import used_by, used_in
from domains.services.rename_mailbox import rename_mailbox
from domains.services.set_alias import create_alias
from domains.services.set_alias_domain import make_alias_domain
from domains.services.set_catch_all import set_catch_all
from domains.services.set_domain_pool import set_domain_pool
from domains.services.set_forwarder import create_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.set_group import add_members, create_group
from tests.conftest import deliver, letter, until
from tests.domains.conftest import acting
from tests.wire.mail import ask_recipient, kept_by_partner, messages, send_from_outside
from tests.world import World, agree, make_world, unique

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


def another_domain(world: World) -> Domain:
    """Add a domain of the company, with room."""
    return Domain.objects.create(
        tenant=world.tenant,
        name=f"{unique('o')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="t",
        verified_at=timezone.now(),
    )


def somebody_full(stack: Stack, world: World) -> Person:
    """Add a person whose first letter fills the pool of the domain."""
    person = world.person()
    deliver(stack, person.address, letter(person.address))
    used = until(lambda: used_by(world.domain), what="Dovecot reports the storage")
    set_domain_pool(actor=acting(world.tenant), domain=world.domain, pool_bytes=used)
    return person


def subjects(client: imaplib.IMAP4_SSL) -> list[str]:
    return [message["Subject"] for message in messages(client)]


def test_a_full_pool_refuses_what_would_be_kept_and_only_that(stack: Stack, live: World) -> None:
    actor = acting(live.tenant)
    first, second, away = live.person(), live.person(), live.person()
    alias = create_alias(
        actor=actor, domain=live.domain, localpart="bd", mailboxes=[second.address]
    )
    forwarder = create_forwarder(
        actor=actor, domain=live.domain, localpart="ra", targets=["an@partner.test"]
    )
    set_forwarding(actor=actor, mailbox=away.box, targets=["an@partner.test"], keep_copy=False)
    agree(live.tenant, "an@partner.test")
    deliver(stack, first.address, letter(first.address))
    used = until(lambda: used_by(live.domain), what="Dovecot reports the storage")
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=used)
    for address in (first.address, second.address, alias.address.email):
        code, words = ask_recipient(stack, address)
        assert (code, words[:5]) == (552, "5.2.2")
    for address in (forwarder.address.email, away.address):
        assert ask_recipient(stack, address)[0] == 250
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=used * 10)
    assert ask_recipient(stack, second.address)[0] == 250


def test_the_storage_of_a_plan_is_one_pool_of_all_mailboxes(stack: Stack, live: World) -> None:
    first, second = live.person(), live.person()
    deliver(stack, first.address, letter(first.address))
    used = until(lambda: used_in(live.tenant), what="Dovecot reports the storage")
    live.tenant.plan = Plan.objects.create(
        tenant=live.reseller, name=unique("Plan "), storage_bytes=used
    )
    live.tenant.save(update_fields=["plan"])
    assert ask_recipient(stack, second.address)[0] == 552
    Plan.objects.filter(pk=live.tenant.plan.pk).update(storage_bytes=used + 1)
    assert ask_recipient(stack, second.address)[0] == 250


def test_whatever_leads_only_to_a_full_pool_is_refused_at_rcpt(stack: Stack, live: World) -> None:
    actor, elsewhere = acting(live.tenant), make_world()
    full, other, twin = somebody_full(stack, live), another_domain(live), another_domain(live)
    make_alias_domain(actor=actor, domain=twin, target=live.domain.name)
    alias = create_alias(actor=actor, domain=other, localpart="bd", mailboxes=[full.address])
    forwarder = create_forwarder(
        actor=actor, domain=other, localpart="x", targets=[full.address.replace("@", "+t@")]
    )
    group = create_group(
        actor=actor,
        domain=other,
        localpart="g",
        name="G",
        members=[forwarder.address.email],
        who_may_send=WhoMaySend.ANYONE,
    )
    agree(elsewhere.tenant, alias.address.email)
    away = create_forwarder(
        actor=acting(elsewhere.tenant),
        domain=elsewhere.domain,
        localpart="xa",
        targets=[alias.address.email],
    )
    outer = create_group(
        actor=actor,
        domain=other,
        localpart="gg",
        name="GG",
        members=[group.address.email],
        who_may_send=WhoMaySend.ANYONE,
    )
    ways = [
        full.address.replace("@", "+tag@"),
        full.address.replace(live.domain.name, twin.name),
        alias.address.email,
        forwarder.address.email,
        away.address.email,
        group.address.email,
        outer.address.email.replace("@", "+tag@"),
    ]
    said = {way: ask_recipient(stack, way) for way in ways}
    assert {way: (code, words[:5]) for way, (code, words) in said.items()} == dict.fromkeys(
        ways, (552, "5.2.2")
    )
    roomy = elsewhere.person()
    agree(live.tenant, roomy.address)
    add_members(actor=actor, group=group, members=[roomy.address])
    for way in (group.address.email, outer.address.email):
        assert ask_recipient(stack, way)[0] == 250
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=None)
    for way in ways:
        assert ask_recipient(stack, way)[0] == 250


def test_a_catch_all_of_a_full_pool_is_refused_also_through_a_forwarder(
    stack: Stack, live: World
) -> None:
    actor = acting(live.tenant)
    full, other = somebody_full(stack, live), another_domain(live)
    set_catch_all(actor=actor, domain=live.domain, mailbox=full.address)
    nobody = f"nobody@{live.domain.name}"
    forwarder = create_forwarder(actor=actor, domain=other, localpart="x", targets=[nobody])
    for way in (nobody, forwarder.address.email):
        assert ask_recipient(stack, way)[0] == 552
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=None)
    for way in (nobody, forwarder.address.email):
        assert ask_recipient(stack, way)[0] == 250


def test_a_member_behind_a_full_pool_bounces_in_words_and_the_others_get_their_mail(
    stack: Stack, live: World, imap: Connect
) -> None:
    actor, full, roomy = acting(live.tenant), somebody_full(stack, live), make_world().person()
    agree(live.tenant, roomy.address)
    group = create_group(
        actor=actor,
        domain=another_domain(live),
        localpart="g",
        name="G",
        members=[full.address, roomy.address],
        who_may_send=WhoMaySend.ANYONE,
    )
    to, sender, subject = group.address.email, f"{unique('s')}@partner.test", unique("hop")
    send_from_outside(stack, to, letter(to, subject=subject), sender=sender)
    until(lambda: subject in subjects(imap(roomy)), what="the member with room")
    bounce = until(lambda: kept_by_partner(stack, sender, "5.2.2"), what="the bounce")
    assert full.address.encode() in bounce
    assert b"The storage of this domain is full" in b" ".join(bounce.split())
    assert roomy.address.encode() not in bounce
    assert subject not in subjects(imap(full))


def test_nothing_is_delivered_into_a_full_pool_whatever_way_it_came(
    stack: Stack, live: World, imap: Connect
) -> None:
    actor, person, trash = acting(live.tenant), somebody_full(stack, live), live.person()
    home = stack.data / "mail" / str(trash.box.pk)
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=None)
    deliver(stack, trash.address, letter(trash.address))
    (home / ".dovecot.sieve").write_text('require "fileinto"; fileinto "Trash";')
    deliver(stack, trash.address, letter(trash.address, subject="Bin"))
    assert [m["Subject"] for m in messages(imap(trash), folder="Trash")] == ["Bin"]
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=1)
    for to in (person.address, person.address.replace("@", "+tag@"), trash.address):
        with pytest.raises(smtplib.SMTPDataError, match="The storage of this domain is full") as no:
            deliver(stack, to, letter(to))
        assert no.value.smtp_code == 552
    # what a program stores by IMAP is bounded by the mailbox's own quota only
    kept = letter(person.address).as_bytes()
    assert imap(person).append("INBOX", "", "", kept)[0] == "OK"
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=None)
    deliver(stack, person.address, letter(person.address))


def test_use_is_counted_as_it_changes_and_moves_along(db: None) -> None:
    world = make_world()
    actor, person, other = acting(world.tenant), world.person(), world.person()
    with connection.cursor() as cursor:
        for address, size in ((person.address, 700), (other.address, 50), (person.address, 400)):
            cursor.execute(
                "INSERT INTO domains_mailboxusage (mailbox_id, bytes, messages)"
                " SELECT m.id, %s, 1 FROM domains_mailbox m JOIN domains_address a"
                " ON a.id = m.address_id WHERE a.email = %s"
                " ON CONFLICT (mailbox_id) DO UPDATE SET bytes = excluded.bytes",
                [size, address],
            )
    assert used_by(world.domain) == used_in(world.tenant) == 450
    second = make_world().domain
    second.tenant = world.tenant
    second.save(update_fields=["tenant"])
    rename_mailbox(actor=actor, mailbox=person.box, domain=second, localpart="x")
    assert (used_by(world.domain), used_by(second)) == (50, 400)
    other.box.usage.delete()
    assert DomainUsage.objects.get(domain=world.domain).bytes == 0
