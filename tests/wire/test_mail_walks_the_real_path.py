"""Mail walks from outside into a mailbox, from a mailbox to outside, and back by MX."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conftest import letter, until
from tests.wire.mail import (
    kept_by_partner,
    messages,
    send_from_outside,
    submission,
    token_submission,
)

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.wire
Imap = "Callable[[Person], imaplib.IMAP4_SSL]"


def test_mail_from_outside_arrives_with_our_verdict(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    person = live.person()
    forged = letter(
        person.address,
        Authentication_Results=f"{stack.mail_hostname}; dkim=pass header.d=bank.test",
        X_Spam="Yes",
    )
    send_from_outside(stack, person.address, forged)
    client = imap(person)
    (found,) = until(lambda: messages(client), what="the letter in the inbox")
    verdicts = found.get_all("Authentication-Results", [])
    assert len(verdicts) == 1
    assert str(verdicts[0]).startswith(stack.mail_hostname)
    assert "spf=pass" in verdicts[0]
    assert "dmarc=pass" in verdicts[0]
    assert "bank.test" not in verdicts[0]
    assert found["X-Spam"] is None


def test_forged_sender_fails_dmarc(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    person = live.person()
    send_from_outside(
        stack,
        person.address,
        letter(person.address, sender="ceo@northwind.test"),
        sender="x@partner.test",
    )
    client = imap(person)
    found = until(
        lambda: messages(client) + messages(client, "Junk"), what="the letter in any folder"
    )
    assert "dmarc=fail" in str(found[0]["Authentication-Results"])


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_submission_takes_tokens(stack: Stack, live: World, mechanism: str) -> None:
    code, text = token_submission(stack, live.person().address, mechanism)
    assert (code, text[:5]) == (235, "2.7.0")


def test_a_letter_to_the_partner_is_echoed_into_the_inbox(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    from demo.box.records import publish

    person = live.person()
    publish(live.domain.name, "MX", f"10 {stack.mail_hostname}.")
    publish(live.domain.name, "TXT", f"v=spf1 include:_spf.{stack.operator_domain} -all")
    mark = uuid.uuid4().hex
    with submission(stack, person) as client:
        client.send_message(
            letter("echo@partner.test", sender=person.address, subject=f"Hỏi {mark}"),
            person.address,
            ["echo@partner.test"],
        )
    reader = imap(person)
    (reply,) = until(lambda: messages(reader), seconds=30, what="the echo")
    assert reply["From"] == "Echo <echo@partner.test>"
    assert "spf=pass" in str(reply["Authentication-Results"])
    assert kept_by_partner(stack, "echo@partner.test", mark) or kept_by_partner(
        stack, "echo@partner.test", person.address
    )


def test_a_repeated_delivery_of_postfix_is_kept_once(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    from tests.conftest import deliver

    person = live.person()
    received = (
        f"Received: from mx.partner.test by {stack.mail_hostname} (Postfix) with ESMTP "
        f"id {uuid.uuid4().hex[:12]}\r\n\tfor <{person.address}>; Tue, 24 Nov 2026 10:00:00 +0000\r\n"
    ).encode()
    data = received + letter(person.address).as_bytes()
    for _ in range(2):
        deliver(stack, person.address, data)
    other = received.replace(b" id ", b" id B") + letter(person.address).as_bytes()
    deliver(stack, person.address, other)
    assert len(messages(imap(person))) == 2
