"""Mail goes outside only once its reader agreed; targets that are no addresses harm nobody."""

from __future__ import annotations

import smtplib
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from domains.models import Address, Forwarder, ForwarderTarget, WhoMaySend
from domains.services.set_forwarder import create_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.set_group import create_group
from tests.conftest import letter, until
from tests.domains.conftest import acting
from tests.wire.mail import (
    ask_recipient,
    kept_by_partner,
    link_in,
    messages,
    send_from_outside,
    submission,
)
from tests.world import Person, World, agree, make_world, unique

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable
    from pathlib import Path

    from portal.config import Stack

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


def has(client: imaplib.IMAP4_SSL, subject: str) -> bool:
    return any(message["Subject"] == subject for message in messages(client))


def loose_forwarder(world: World, *targets: str) -> str:
    """A forwarder as no form would make it; whoever it names agreed."""
    local = unique("f")
    own = Address.objects.create(
        tenant=world.tenant,
        domain=world.domain,
        localpart=local,
        email=f"{local}@{world.domain.name}",
    )
    row = Forwarder.objects.create(tenant=world.tenant, address=own)
    for target in targets:
        ForwarderTarget.objects.create(forwarder=row, email=target)
    agree(world.tenant, *targets)
    return own.email


def test_mail_goes_outside_after_the_link_was_confirmed_and_until_it_is_stopped(
    stack: Stack, live: World, imap: Connect
) -> None:
    actor, person, outside = acting(live.tenant), live.person(), f"{unique('ban')}@partner.test"
    box = imap(person)
    out = create_forwarder(
        actor=actor, domain=live.domain, localpart="ra", targets=[outside]
    ).address.email
    set_forwarding(actor=actor, mailbox=person.box, targets=[outside], keep_copy=False)

    def send(to: str) -> str:
        subject = unique("thu")
        send_from_outside(stack, to, letter(to, subject=subject))
        return subject

    def reaches_outside(subject: str) -> bool:
        """Look after mail sent later has come: the partner has everything by then."""
        marker = unique("moc")
        with submission(stack, person) as client:
            mine = letter(outside, subject=marker, sender=person.address)
            client.send_message(mine, person.address, [outside])
        until(lambda: kept_by_partner(stack, outside, marker), seconds=20, what="the marker")
        return bool(kept_by_partner(stack, outside, subject))

    assert ask_recipient(stack, out)[0] == 450
    before = send(person.address)
    until(lambda: has(box, before), what="the copy stays here")
    assert not reaches_outside(before)
    content = until(
        lambda: kept_by_partner(stack, outside, "forwarding"), seconds=20, what="the letter"
    )
    guest, link = Client(), link_in(content)
    assert guest.get(link).status_code == 200
    assert ask_recipient(stack, out)[0] == 450  # looking is not agreeing

    guest.post(link, {"answer": "agree"})
    until(lambda: ask_recipient(stack, out)[0] == 250, seconds=2)
    by_forwarder, by_mailbox = send(out), send(person.address)
    for subject in (by_forwarder, by_mailbox):
        until(partial(kept_by_partner, stack, outside, subject), seconds=20, what="passed on")
    assert not has(box, by_mailbox)

    guest.post(link, {"answer": "stop"})
    until(lambda: ask_recipient(stack, out)[0] == 550, seconds=2)
    after = send(person.address)
    until(lambda: has(box, after), what="the copy stays here again")
    assert not reaches_outside(after)


def test_a_member_outside_waits_agrees_and_leaves_while_others_get_the_mail(
    stack: Stack, live: World, imap: Connect
) -> None:
    person, outside = live.person(), f"{unique('ban')}@partner.test"
    team = create_group(
        actor=acting(live.tenant),
        domain=live.domain,
        localpart="doi",
        name="Đội",
        members=[person.address, outside],
        who_may_send=WhoMaySend.ANYONE,
    ).address.email
    box = imap(person)

    def send() -> str:
        subject = unique("thu")
        send_from_outside(stack, team, letter(team, subject=subject))
        until(lambda: has(box, subject), what="the member inside")
        return subject

    before = send()
    guest = Client()
    content = until(lambda: kept_by_partner(stack, outside, "forwarding"), seconds=40)
    guest.post(link := link_in(content), {"answer": "agree"})
    agreed = send()
    until(lambda: kept_by_partner(stack, outside, agreed), seconds=20, what="the member outside")
    assert not kept_by_partner(stack, outside, before)
    guest.post(link, {"answer": "stop"})
    after, marker = send(), unique("moc")
    with submission(stack, person) as client:
        mine = letter(outside, subject=marker, sender=person.address)
        client.send_message(mine, person.address, [outside])
    until(lambda: kept_by_partner(stack, outside, marker), seconds=20, what="the marker")
    assert not kept_by_partner(stack, outside, after)


def test_programs_files_and_lists_as_targets_only_bounce_once(
    stack: Stack, live: World, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    proof, names = tmp_path / "proof", tmp_path / "names"
    names.write_text("an@partner.test\n")
    bad = loose_forwarder(live, f"|touch {proof}", f"{proof}", f":include:{names}")
    sender, subject = f"{unique('ai')}@partner.test", unique("thu")
    send_from_outside(stack, bad, letter(bad, subject=subject), sender=sender)
    until(lambda: kept_by_partner(stack, sender, "Undelivered"), seconds=20, what="the bounce")
    assert not proof.exists()
    assert len(list((stack.data / "outside" / sender).glob("*.eml"))) == 1
    assert not kept_by_partner(stack, "an@partner.test", subject)


def test_a_circle_of_forwarders_of_two_companies_is_refused(stack: Stack, live: World) -> None:
    other = make_world()
    here = loose_forwarder(live, there := f"vong@{other.domain.name}")
    ring = loose_forwarder(other, here)
    Address.objects.filter(email=ring).update(email=there, localpart="vong")
    assert ask_recipient(stack, here)[0] == 550
    assert ask_recipient(stack, there)[0] == 550


def test_a_circle_of_mailboxes_of_two_companies_is_not_accepted(stack: Stack, live: World) -> None:
    """No service makes one; should it come about, nothing goes round and nothing is lost."""
    mai, lan = live.person(), make_world().person()
    for one, other in ((mai, lan), (lan, mai)):
        one.box.forward_to, one.box.keep_copy = [other.address], False
        one.box.save(update_fields=["forward_to", "keep_copy"])
        agree(one.box.tenant, other.address)
    with pytest.raises(smtplib.SMTPDataError, match="Alias expansion") as refused:
        send_from_outside(stack, mai.address, letter(mai.address))
    assert refused.value.smtp_code == 451


def test_a_message_that_went_round_for_too_long_is_refused(stack: Stack, live: World) -> None:
    person = live.person()
    rounds = b"Received: from a by b; Tue, 24 Nov 2026 10:00:00 +0000\r\n" * 60
    with pytest.raises(smtplib.SMTPDataError, match="too many hops") as refused:
        send_from_outside(stack, person.address, rounds + letter(person.address).as_bytes())
    assert refused.value.smtp_code == 554
