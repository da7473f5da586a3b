"""One walk: a mail program works on the mailbox by IMAP, POP3 and submission while the page is open."""

from __future__ import annotations

import base64
import poplib
import re
import smtplib
from typing import TYPE_CHECKING

import dns.resolver
import pytest
from playwright.sync_api import expect

from demo.box.records import publish
from domains.dkim import record_text
from tests.conftest import deliver, letter, sign_in, until
from tests.wire.dkim import verified_domains
from tests.wire.mail import RawSmtp, ask_recipient, kept_by_partner, messages, send_from_outside
from tests.wire.test_smuggling import SPELLINGS
from tests.world import signing_key, unique

if TYPE_CHECKING:
    import imaplib
    import ssl
    from collections.abc import Callable
    from email.message import Message

    from playwright.sync_api import Locator, Page

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.browser

SPAM = "YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@pytest.fixture
def dung(live: World, stack: Stack) -> Person:
    """A member of staff whose company signs what it sends, with three letters."""
    signed_by = signing_key(live.domain)
    name = live.domain.name
    publish(name, "MX", f"10 {stack.mail_hostname}.")
    publish(name, "TXT", f"v=spf1 include:_spf.{stack.operator_domain} -all")
    publish(f"s1._domainkey.{name}", "TXT", record_text(signed_by.public_key))
    key = stack.data / "dkim" / f"{name}.s1.key"
    until(key.exists, what="the agent exports the key, so that mail is signed")
    person = live.person(name="Trần Tiến Dũng")
    for subject in ("Lệnh xuất kho", "Phiếu cân", "Lịch xe"):
        deliver(stack, person.address, letter(person.address, subject=subject))
    return person


def row(page: Page, subject: str) -> Locator:
    return page.locator(".message-row", has_text=subject)


def both_sides_see_each_other(page: Page, program: imaplib.IMAP4) -> None:
    """What the program marks, the page shows; what the page does, the program is told."""
    program.select("INBOX")
    program.store("1", "+FLAGS", r"(\Seen \Flagged)")
    expect(row(page, "Lệnh xuất kho")).to_have_attribute("data-starred", "")
    expect(page.locator('.folders [data-key="inbox"] .nav-item__count')).to_have_text("2")
    row(page, "Phiếu cân").hover()
    page.locator("[data-row-deed=star]").click()
    until(lambda: rb"\Flagged" in flags(program, "2"), what="the star of the page in the program")
    row(page, "Lịch xe").hover()
    page.locator("[data-row-deed=archive]").click()
    until(
        lambda: program.noop()[0] == "OK" and program.select("INBOX")[1] == [b"2"], what="expunge"
    )
    assert [str(one["Subject"]) for one in messages(program, "Archive")] != []


def flags(program: imaplib.IMAP4, number: str) -> bytes:
    program.noop()
    return b" ".join(one for one in program.fetch(number, "(FLAGS)")[1] if isinstance(one, bytes))


def pop3_takes_a_letter_away(page: Page, dung: Person, stack: Stack, tls: ssl.SSLContext) -> None:
    """A third door into the same mailbox, open at the same time."""
    client = poplib.POP3_SSL("127.0.0.1", stack.mail_port("pop3s"), context=tls, timeout=20)
    client.user(dung.address)
    client.pass_(dung.password)
    assert client.stat()[0] == 2
    client.dele(1)
    client.quit()
    expect(row(page, "Lệnh xuất kho")).to_have_count(0)
    expect(page.locator(".message-row")).to_have_count(1)


def the_program_sends(dung: Person, colleague: Person, stack: Stack, tls: ssl.SSLContext) -> str:
    """Over TLS and signed in; only as himself. Returns where the partner keeps the letter."""
    outside = f"{unique('khach')}@partner.test"
    with smtplib.SMTP_SSL("127.0.0.1", stack.mail_port("submissions"), context=tls) as client:
        client.ehlo()
        plain = base64.b64encode(f"\0{dung.address}\0{dung.password}".encode()).decode()
        assert client.docmd("AUTH", f"PLAIN {plain}")[0] == 235
        client.mail(colleague.address)
        code, text = client.rcpt(outside)
        assert (code, text.decode()[:5]) == (553, "5.7.1")
        client.rset()
        message = letter(outside, sender=dung.address, subject="Báo giá của Dũng")
        assert client.send_message(message, dung.address, [outside, dung.address]) == {}
    return outside


def the_doors_refuse(dung: Person, full: Person, stack: Stack) -> None:
    """Unknown, full and foreign recipients hear it at RCPT."""
    domain = dung.address.partition("@")[2]
    assert ask_recipient(stack, f"{unique('nobody')}@{domain}")[0] == 550
    deliver(stack, full.address, letter(full.address, text=("x" * 58 + "\n") * 300))
    assert ask_recipient(stack, full.address, size=15_000)[0] == 552
    code, _ = ask_recipient(stack, "somebody@northwind.invalid")
    assert code in {454, 550, 554}


def smugglers_bring_one_letter_each(dung: Person, stack: Stack) -> int:
    """Nine spellings of an end of data that is none; returns how many letters came in."""
    taken = 0
    for spelling in SPELLINGS:
        session = RawSmtp(stack.box_address(1), 25, stack.box_address(25))
        for line in (
            "EHLO mx.partner.test", "MAIL FROM:<an@partner.test>", f"RCPT TO:<{dung.address}>", "DATA",
        ):  # fmt: skip
            session.say(line)
        hidden = (
            f"MAIL FROM:<ceo@partner.test>\r\nRCPT TO:<{dung.address}>\r\nDATA\r\n"
            "From: ceo@partner.test\r\nSubject: hidden\r\n\r\nhidden\r\n.\r\n"
        )
        session.send(
            b"From: an@partner.test\r\nSubject: open\r\n\r\nopen" + spelling + hidden.encode()
        )
        taken += session.reply().startswith("250")
        session.close()
    return taken


def test_a_mail_program_and_the_open_page_share_one_mailbox(
    dung: Person,
    live: World,
    page: Page,
    imap: Callable[[Person], imaplib.IMAP4_SSL],
    stack: Stack,
    tls: ssl.SSLContext,
) -> None:
    colleague, full = live.person(), live.person(quota_bytes=20_000)
    sign_in(page, dung)
    page.goto("/mail/")
    expect(page.locator("[data-push]")).to_have_attribute("data-push-state", "live")
    page.evaluate("window.stays = true")
    program = imap(dung)
    both_sides_see_each_other(page, program)
    pop3_takes_a_letter_away(page, dung, stack, tls)
    outside = the_program_sends(dung, colleague, stack, tls)
    expect(row(page, "Báo giá của Dũng")).to_have_count(1, timeout=20_000)
    the_doors_refuse(dung, full, stack)
    taken = smugglers_bring_one_letter_each(dung, stack)
    send_from_outside(
        stack, dung.address, letter(dung.address, subject="Trúng thưởng", text=f"{SPAM}\n")
    )
    expect(page.locator('.folders [data-key="junk"] .nav-item__count')).to_have_text(
        re.compile(r"\d"), timeout=20_000
    )
    until(
        lambda: sum(str(one["Subject"]) == "open" for one in everything(program)) == taken,
        what=f"{taken} letters",
    )
    assert [one for one in everything(program) if "hidden" in str(one["Subject"])] == []
    expect(page.get_by_role("link", name="hidden")).to_have_count(0)
    signed = until(lambda: kept_by_partner(stack, outside, dung.address), what="the partner's copy")
    assert verified_domains(signed, lambda name: record_of(stack, name)) == [live.domain.name]
    assert verified_domains(signed + b"more\r\n", lambda name: record_of(stack, name)) == []
    assert page.evaluate("window.stays") is True


def everything(program: imaplib.IMAP4) -> list[Message]:
    return [*messages(program), *messages(program, "Junk")]


def record_of(stack: Stack, name: str) -> str:
    """Ask the boxed DNS as the partner would."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [stack.box_address(53)]
    (answer,) = resolver.resolve(name, "TXT")
    return b"".join(answer.strings).decode()
