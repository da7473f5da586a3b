"""Who may come in where: unknown, full, suspended, switched off, foreign senders, open relays."""

from __future__ import annotations

import imaplib
import smtplib
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from domains.models import (
    Address,
    Alias,
    AliasTarget,
    CatchAll,
    Domain,
    DomainStatus,
    MailboxStatus,
    MailboxUsage,
)
from tests.conftest import deliver, letter, until
from tests.wire.mail import ask_recipient, messages, send_from_outside, submission, token_submission
from tests.world import unique

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.wire


def _alias(world: World, *people: Person, localpart: str = "") -> str:
    localpart = localpart or unique("a")
    email = f"{localpart}@{world.domain.name}"
    address = Address.objects.create(
        tenant=world.tenant, domain=world.domain, localpart=localpart, email=email
    )
    alias = Alias.objects.create(tenant=world.tenant, address=address)
    for person in people:
        AliasTarget.objects.create(tenant=world.tenant, alias=alias, address=person.box.address)
    return email


def test_unknown_recipient_is_refused_at_rcpt(stack: Stack, live: World) -> None:
    code, text = ask_recipient(stack, f"nobody@{live.domain.name}")
    assert (code, text[:5]) == (550, "5.1.1")


def test_pending_domain_is_not_hosted(stack: Stack, live: World) -> None:
    person = live.person()
    Domain.objects.filter(pk=live.domain.pk).update(status=DomainStatus.PENDING)
    code, _ = ask_recipient(stack, person.address)
    assert code in {454, 554}
    assert token_submission(stack, person.address)[0] == 535


def test_nobody_relays_by_being_local(stack: Stack) -> None:
    for address, port in ((stack.box_address(1), 25), (stack.listen, stack.mail_port("smtp"))):
        with smtplib.SMTP(address, port, timeout=20) as client:
            client.ehlo()
            assert not client.has_extn("auth")
            client.mail("an@partner.test")
            code, _ = client.rcpt("x@partner.test")
            assert code in {454, 554}


def test_switched_off_alias_is_refused_and_no_catch_all_takes_its_mail(
    stack: Stack, live: World
) -> None:
    person = live.person()
    CatchAll.objects.create(tenant=live.tenant, domain=live.domain, address=person.box.address)
    alias = _alias(live, person)
    assert ask_recipient(stack, alias)[0] == 250
    assert ask_recipient(stack, f"{unique('any')}@{live.domain.name}")[0] == 250
    Alias.objects.filter(address__email=alias).update(is_enabled=False)
    code, text = ask_recipient(stack, alias)
    assert (code, text[:5]) == (550, "5.1.1")


def test_catch_all_swallows_no_mailbox_and_no_plus_address(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    person, catcher = live.person(), live.person()
    CatchAll.objects.create(tenant=live.tenant, domain=live.domain, address=catcher.box.address)
    local = person.address.partition("@")[0]
    send_from_outside(stack, person.address, letter(person.address, subject="one"))
    send_from_outside(stack, f"{local}+shop@{live.domain.name}", letter("x", subject="two"))
    send_from_outside(stack, f"other@{live.domain.name}", letter("x", subject="three"))
    mine, caught = imap(person), imap(catcher)
    until(lambda: len(messages(mine)) == 2 and len(messages(caught)) == 1, what="three letters")
    assert {str(m["Subject"]) for m in messages(mine)} == {"one", "two"}


def test_full_mailbox_is_552_at_rcpt_directly_and_through_an_alias_and_catch_all(
    stack: Stack, live: World
) -> None:
    person = live.person(quota_bytes=20_000)
    alias = _alias(live, person)
    assert ask_recipient(stack, alias, size=1000)[0] == 250
    deliver(stack, person.address, letter(person.address, text=("x" * 58 + "\n") * 300))
    for to in (person.address, alias):
        code, text = ask_recipient(stack, to, size=15_000)
        assert (code, text[:5]) == (552, "5.2.2"), to
    usage = until(lambda: MailboxUsage.objects.filter(pk=person.box.pk).first(), what="usage")
    assert usage is not None
    assert usage.messages == 1
    assert usage.bytes > 18_000
    MailboxUsage.objects.filter(pk=person.box.pk).update(bytes=20_000)
    CatchAll.objects.create(tenant=live.tenant, domain=live.domain, address=person.box.address)
    code, text = ask_recipient(stack, f"{unique('any')}@{live.domain.name}")
    assert (code, text[:5]) == (552, "5.2.2")


def test_alias_with_room_at_one_target_takes_mail(stack: Stack, live: World) -> None:
    full, roomy = live.person(quota_bytes=20_000), live.person(quota_bytes=5_000_000)
    deliver(stack, full.address, letter(full.address, text=("x" * 58 + "\n") * 300))
    assert ask_recipient(stack, _alias(live, full, roomy), size=15_000)[0] == 250


def test_suspended_mailbox_receives_and_neither_signs_in_nor_sends(
    stack: Stack, live: World, tls: ssl.SSLContext
) -> None:
    person = live.person()
    person.box.status = MailboxStatus.SUSPENDED
    person.box.save(update_fields=["status"])
    assert ask_recipient(stack, person.address)[0] == 250
    deliver(stack, person.address, letter(person.address))
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submission(stack, person)
    assert token_submission(stack, person.address)[0] == 535
    client = imaplib.IMAP4_SSL(stack.listen, stack.mail_port("imaps"), ssl_context=tls, timeout=20)
    with pytest.raises(imaplib.IMAP4.error):
        client.authenticate("PLAIN", lambda _: f"\0{person.address}\0{person.password}".encode())
    client.shutdown()


def test_suspended_person_signs_in_nowhere(stack: Stack, live: World) -> None:
    person = live.person()
    person.user.is_active = False
    person.user.suspended_at = timezone.now()
    person.user.save(update_fields=["is_active", "suspended_at"])
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submission(stack, person)
    assert token_submission(stack, person.address)[0] == 535


def test_nobody_sends_as_somebody_else_but_as_his_alias(stack: Stack, live: World) -> None:
    person, other = live.person(), live.person()
    alias = _alias(live, person)
    with submission(stack, person) as client:
        client.mail(alias)
        assert client.rcpt(other.address)[0] == 250
        client.rset()
        client.mail(other.address)
        code, text = client.rcpt(other.address)
        assert (code, text.decode()[:5]) == (553, "5.7.1")


def test_submission_refuses_a_mistyped_domain_at_once(stack: Stack, live: World) -> None:
    person = live.person()
    with submission(stack, person) as client:
        client.mail(person.address)
        code, text = client.rcpt("an@no-such-company.test")
        assert (code, text.decode()[:5]) == (550, "5.1.2")


def test_too_large_a_message_is_told_before_it_is_sent(stack: Stack, live: World) -> None:
    person = live.person()
    with smtplib.SMTP(stack.listen, stack.mail_port("smtp"), timeout=20) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(stack.max_message_bytes)
        code, text = client.mail("an@partner.test", [f"size={stack.max_message_bytes + 1}"])
        assert (code, text.decode()[:5]) == (552, "5.3.4")
    assert person.address


def test_spam_goes_to_junk(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    person = live.person()
    pattern = "YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    send_from_outside(stack, person.address, letter(person.address, text=pattern + "\n"))
    client = imap(person)
    (found,) = until(lambda: messages(client, "Junk"), what="the spam in Junk")
    assert found["X-Spam"] == "Yes"
    assert messages(client) == []


def test_certain_spam_is_refused(stack: Stack, live: World) -> None:
    person = live.person()
    pattern = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send_from_outside(stack, person.address, letter(person.address, text=pattern + "\n"))
    assert refused.value.smtp_code == 554
