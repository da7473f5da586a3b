"""What a person's own Sieve rules pass on goes outside only once its reader agreed."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import Plan
from domains.models import Consent, RuleTarget
from tests.conftest import deliver, letter, until
from tests.wire.mail import (
    ask_recipient,
    kept_by_partner,
    link_in,
    messages,
    send_from_outside,
    submission,
    upload,
)
from tests.world import agree, unique

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


def has(client: imaplib.IMAP4_SSL, subject: str) -> bool:
    return any(one["Subject"] == subject for one in messages(client))


def send(stack: Stack, person: Person, *, sender: str = "an@partner.test") -> str:
    """Hand a message to Dovecot as Postfix does; returns its subject."""
    subject = unique("thu")
    message = letter(person.address, subject=subject)
    message["Auto-Submitted"] = "auto-replied"  # of the sender; ours must not believe it
    deliver(stack, person.address, message, sender)
    return subject


def reaches(stack: Stack, person: Person, outside: str, subject: str) -> bool:
    """Look after mail sent later has come: the partner has everything by then."""
    marker = unique("moc")
    with submission(stack, person) as client:
        mine = letter(outside, subject=marker, sender=person.address)
        client.send_message(mine, person.address, [outside])
    until(lambda: kept_by_partner(stack, outside, marker), seconds=20, what="the marker")
    return bool(kept_by_partner(stack, outside, subject))


def test_a_redirect_waits_for_its_reader_and_the_message_stays_meanwhile(
    stack: Stack, live: World, imap: Connect
) -> None:
    person, outside = live.person(), f"{unique('ban')}@partner.test"
    box = imap(person)
    upload(stack, person, f'redirect "{outside.title()}";')
    for sender in ("an@partner.test", ""):  # what bounces, programs send
        before = send(stack, person, sender=sender)
        until(lambda: has(box, before), what="it stays in the mailbox")  # noqa: B023
        assert not reaches(stack, person, outside, before)
    content = until(lambda: kept_by_partner(stack, outside, "forwarding"), seconds=45)
    assert person.address.encode() in content
    guest, link = Client(), link_in(content)
    assert person.address in guest.get(link).text
    guest.post(link, {"answer": "agree"})
    for sender in ("an@partner.test", ""):
        agreed = send(stack, person, sender=sender)
        until(lambda: kept_by_partner(stack, outside, agreed), seconds=20)  # noqa: B023
        assert not has(box, agreed)
    guest.post(link, {"answer": "stop"})
    after = send(stack, person)
    until(lambda: has(box, after), what="it stays in the mailbox again")
    assert not reaches(stack, person, outside, after)


def test_a_redirect_to_a_colleague_needs_no_consent(
    stack: Stack, live: World, imap: Connect
) -> None:
    person, other = live.person(), live.person()
    box, theirs = imap(person), imap(other)
    upload(stack, person, f'redirect "{other.address}";')
    subject = send(stack, person)
    until(lambda: has(theirs, subject) or bool(messages(theirs, "Junk")), what="the colleague")
    assert not has(box, subject)
    assert not Consent.objects.filter(tenant=live.tenant).exists()


def test_a_rule_that_tells_somebody_outside_by_mail_needs_consent_too(
    stack: Stack, live: World, imap: Connect
) -> None:
    person, outside, words = live.person(), f"{unique('ban')}@partner.test", unique("bao")
    box = imap(person)
    notify = f'notify :message "{words}" "mailto:{outside}";'
    upload(stack, person, f'require "enotify"; {notify}')
    subject = unique("thu")
    send_from_outside(stack, person.address, letter(person.address, subject=subject))
    until(lambda: has(box, subject), what="the message itself")
    assert not reaches(stack, person, outside, words)
    assert RuleTarget.objects.filter(mailbox=person.box, email=outside).exists()
    agree(live.tenant, outside)
    send_from_outside(stack, person.address, letter(person.address))
    until(lambda: kept_by_partner(stack, outside, words), seconds=20, what="the note")


def test_an_automatic_reply_of_a_rule_needs_no_consent(stack: Stack, live: World) -> None:
    person, outside, words = live.person(), f"{unique('ban')}@partner.test", unique("nghi")
    upload(stack, person, f'require "vacation"; vacation "{words}";')
    message = letter(person.address, sender=outside)
    send_from_outside(stack, person.address, message, sender=outside)
    until(lambda: kept_by_partner(stack, outside, words), seconds=20, what="the reply")
    assert not Consent.objects.filter(tenant=live.tenant).exists()


def test_a_mailbox_has_few_such_addresses_and_a_trusted_company_asks_nobody(
    stack: Stack, live: World, imap: Connect
) -> None:
    person, outside = live.person(), f"{unique('ban')}@partner.test"
    box = imap(person)
    upload(stack, person, f'redirect "{outside}";')
    plan = Plan.objects.create(tenant=live.reseller, name=unique("P "), trusts_forwarding=True)
    live.tenant.plan = plan
    live.tenant.save(update_fields=["plan"])
    trusted = send(stack, person)
    until(lambda: kept_by_partner(stack, outside, trusted), seconds=20, what="nobody is asked")
    now = RuleTarget.objects.get(mailbox=person.box).used_at
    RuleTarget.objects.bulk_create(
        RuleTarget(mailbox=person.box, email=f"x{number}@partner.test", used_at=now)
        for number in range(19)
    )
    late = f"{unique('ban')}@partner.test"
    upload(stack, person, f'redirect "{late}";')
    subject = send(stack, person)
    until(lambda: has(box, subject), what="it stays in the mailbox")
    assert not Consent.objects.filter(tenant=live.tenant, email=late).exists()


def test_nobody_else_delivers_past_the_rules_of_a_person(stack: Stack, live: World) -> None:
    tagged = live.person().address.replace("@", "+kept-by-rules@")
    assert ask_recipient(stack, tagged)[0] == 554


def test_only_the_mail_store_may_ask_about_rules(stack: Stack, live: World) -> None:
    person = live.person()
    question = f"request=sieve_redirect\nsender={person.address}\nrecipient=an@partner.test\n\n"
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(stack.run / "policy.sock"))
        line.sendall(question.encode())
        assert line.recv(200) == b""
    assert not RuleTarget.objects.filter(mailbox=person.box).exists()
