"""An alias domain on the real daemons: received, refused, sent and signed at once, without a reload."""

from __future__ import annotations

import smtplib
from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from domains.models import Domain, DomainStatus, MailboxUsage
from domains.services.set_alias_domain import end_alias_domain, make_alias_domain
from domains.services.set_catch_all import clear_catch_all, set_catch_all
from tests.conftest import letter, until
from tests.domains.conftest import acting
from tests.wire.mail import ask_recipient, kept_by_partner, messages, send_from_outside, submission
from tests.world import signing_key, unique

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


def another_domain(live: World) -> Domain:
    return Domain.objects.create(
        tenant=live.tenant,
        name=f"{unique('b')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="t",
        verified_at=timezone.now(),
    )


def arrived(client: imaplib.IMAP4_SSL, subject: str) -> bool:
    return any(message["Subject"] == subject for message in messages(client))


def test_mail_to_the_alias_arrives_and_unknown_names_are_refused_at_rcpt(
    stack: Stack, live: World, imap: Connect
) -> None:
    actor = acting(live.tenant)
    person = live.person()
    other = another_domain(live)
    twin = person.address.replace(live.domain.name, other.name)
    assert ask_recipient(stack, twin)[0] == 550
    make_alias_domain(actor=actor, domain=other, target=live.domain.name)
    client = imap(person)
    for to in (twin, twin.replace("@", "+tag@")):
        subject = unique("thu")
        send_from_outside(stack, to, letter(to, subject=subject))
        assert until(lambda s=subject: arrived(client, s), what=to)  # type: ignore[misc]
    nobody = f"nobody@{other.name}"
    code, text = ask_recipient(stack, nobody)
    assert (code, "5.1.1" in text) == (550, True)
    set_catch_all(actor=actor, domain=live.domain, mailbox=person.address)
    subject = unique("thu")
    send_from_outside(stack, nobody, letter(nobody, subject=subject))
    assert until(lambda: arrived(client, subject), what="the catch-all of the domain behind")
    clear_catch_all(actor=actor, domain=live.domain)
    assert ask_recipient(stack, nobody)[0] == 550
    end_alias_domain(actor=actor, domain=other)
    assert ask_recipient(stack, twin)[0] == 550


def test_a_full_mailbox_refuses_at_rcpt_under_the_alias_too(stack: Stack, live: World) -> None:
    person = live.person(quota_bytes=1000)
    other = make_alias_domain(
        actor=acting(live.tenant), domain=another_domain(live), target=live.domain.name
    )
    twin = person.address.replace(live.domain.name, other.name)
    assert ask_recipient(stack, twin)[0] == 250
    MailboxUsage.objects.filter(mailbox=person.box).update(bytes=2000)
    code, text = ask_recipient(stack, twin)
    assert (code, "5.2.2" in text) == (552, True)


def test_the_owner_sends_as_the_alias_and_it_is_signed_by_the_aliass_key(
    stack: Stack, live: World
) -> None:
    person, colleague = live.person(), live.person()
    other = another_domain(live)
    signing_key(other)
    make_alias_domain(actor=acting(live.tenant), domain=other, target=live.domain.name)
    key = stack.data / "dkim" / f"{other.name}.s1.key"
    until(key.exists, what="the key reaches Rspamd")
    twin = person.address.replace(live.domain.name, other.name)
    outside, subject = f"{unique('ban')}@partner.test", unique("thu")
    with submission(stack, person) as client:
        client.sendmail(twin, [outside], letter(outside, subject=subject, sender=twin).as_bytes())
    content = until(lambda: kept_by_partner(stack, outside, subject), what="the partner keeps it")
    signature = str(message_from_bytes(content)["DKIM-Signature"])
    assert f"d={other.name};" in signature
    assert "s=s1;" in signature
    with submission(stack, colleague) as client:
        client.mail(twin)
        code, text = client.rcpt(outside)
        assert (code, b"5.7.1" in text) == (553, True)


def test_a_stranger_may_not_send_as_the_alias(stack: Stack, live: World) -> None:
    other = make_alias_domain(
        actor=acting(live.tenant), domain=another_domain(live), target=live.domain.name
    )
    person = live.person()
    with submission(stack, person) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail(
            f"nobody@{other.name}", ["an@partner.test"], letter("an@partner.test").as_bytes()
        )
