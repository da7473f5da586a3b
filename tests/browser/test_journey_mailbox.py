"""Mai provisions addresses; each click is felt by real mail programs at the next letter or sign-in."""

from __future__ import annotations

import imaplib
import re
import smtplib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from accounts.models import Role, User
from demo.box.records import publish
from domains.models import Mailbox
from tests.conftest import deliver, letter, until
from tests.wire.mail import (
    ask_recipient,
    kept_by_partner,
    link_in,
    messages,
    send_from_outside,
    submission,
)
from tests.world import Person, World, agree, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page

    from portal.config import Stack

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.browser

PASSWORD = "ghe bầu ra cửa biển 2"
AT_ONCE = 2.0  # seconds


@dataclass
class Desk:
    """Mai's browser, and the mail programs of her colleagues and of people outside."""

    page: Page
    world: World
    stack: Stack
    imap: Connect

    def address(self, localpart: str) -> str:
        """Return an address of the company."""
        return f"{localpart}@{self.world.domain.name}"

    def person(self, localpart: str) -> Person:
        """Return somebody Mai made, with the password of this file."""
        mailbox = Mailbox.objects.get(address__email=self.address(localpart))
        return Person(User.objects.get(email=self.address(localpart)), mailbox, PASSWORD)

    def go(self, section: str) -> None:
        """Choose a section at the side."""
        self.page.get_by_role("link", name=section, exact=True).first.click()

    def open_mailbox(self, name: str) -> None:
        """Choose a mailbox in the list."""
        self.go("Mailboxes")
        self.page.get_by_role("link", name=name, exact=True).click()

    def write_from_outside(self, localpart: str) -> str:
        """Send a letter as the partner's server does; return its subject."""
        subject = unique("thu")
        to = self.address(localpart)
        send_from_outside(self.stack, to, letter(to, subject=subject))
        return subject

    def answer_to(self, localpart: str) -> int:
        """Return what our MX says to one RCPT TO from outside."""
        return ask_recipient(self.stack, self.address(localpart))[0]

    def arrives(self, localpart: str, subject: str) -> bool:
        """Wait until the letter is read by IMAP."""
        client = self.imap(self.person(localpart))
        return until(
            lambda: any(subject in str(m["Subject"]) for m in messages(client)),
            seconds=20,
            what=f"{subject} at {localpart}",
        )

    def signs_in(self, localpart: str) -> bool:
        """Return whether IMAP lets the owner in."""
        try:
            self.imap(self.person(localpart))
        except imaplib.IMAP4.error:
            return False
        return True

    def may_send(self, localpart: str) -> bool:
        """Return whether the submission port lets the owner in."""
        try:
            submission(self.stack, self.person(localpart)).quit()
        except smtplib.SMTPAuthenticationError:
            return False
        return True


@pytest.fixture
def desk(live: World, signed_in: Callable[[Person], Page], stack: Stack, imap: Connect) -> Desk:
    """Mai at her desk; the partner's answers find the company by MX."""
    publish(live.domain.name, "MX", f"10 {stack.mail_hostname}.")
    publish(live.domain.name, "TXT", f"v=spf1 include:_spf.{stack.operator_domain} -all")
    return Desk(signed_in(live.admin_of(live.tenant, Role.COMPANY_ADMIN)), live, stack, imap)


def test_mai_provisions_and_every_mail_program_feels_it(
    desk: Desk, new_context: Callable[..., BrowserContext]
) -> None:
    a_mailbox_with_a_first_password(desk)
    a_mailbox_by_invitation(desk, new_context().new_page())
    an_alias_of_both(desk)
    a_forwarder_and_forwarding_with_a_copy(desk)
    a_catch_all(desk)
    a_smaller_and_a_larger_quota(desk)
    suspended_and_resumed(desk)
    deleted_with_grace_and_kept_after_all(desk)


def a_mailbox_with_a_first_password(desk: Desk) -> None:
    """The address comes from the name; mail and sign-in work as soon as the page says so."""
    page = desk.page
    assert desk.answer_to("do.quang.huy") == 550
    page.get_by_role("link", name="Add a mailbox").first.click()
    page.get_by_label("Name", exact=True).fill("Đỗ Quang Huy")
    expect(page.get_by_label("Address")).to_have_value("do.quang.huy")
    page.get_by_label("Storage").fill("1")
    page.get_by_text("By a first password from you").click()
    page.get_by_label("First password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create mailbox").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đỗ Quang Huy")
    assert desk.arrives("do.quang.huy", desk.write_from_outside("do.quang.huy"))
    assert desk.may_send("do.quang.huy")
    client = desk.imap(desk.person("do.quang.huy"))
    assert "STORAGE" in str(client.getquotaroot("INBOX"))
    assert quota_bytes(client) == 10**9


def a_mailbox_by_invitation(desk: Desk, theirs: Page) -> None:
    """The owner chooses the password behind the link, once, and is in the webmail."""
    page = desk.page
    desk.go("Mailboxes")
    page.get_by_role("link", name="Add mailbox").first.click()
    page.get_by_label("Name", exact=True).fill("Lê Thảo Chi")
    page.get_by_label("Address").fill("chi")
    page.get_by_role("button", name="Create mailbox").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{desk.address('chi')} is ready")
    link = page.locator(".copy-field code").inner_text()
    subject = desk.write_from_outside("chi")
    theirs.goto(link)
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Save and sign in").click()
    theirs.wait_for_url(re.compile(r"/mail/"))
    expect(theirs.get_by_role("link", name=subject)).to_be_visible(timeout=20_000)
    assert desk.arrives("chi", subject)
    theirs.goto(link)
    expect(theirs.get_by_role("heading", name="This link no longer works")).to_be_visible()


def an_alias_of_both(desk: Desk) -> None:
    """One letter to info@ reaches both, and each may write as info@."""
    page = desk.page
    assert desk.answer_to("info") == 550
    desk.go("Aliases")
    page.get_by_role("link", name="Add alias").first.click()
    page.get_by_label("Address").fill("info")
    page.get_by_label("Delivers to").fill(f"{desk.address('do.quang.huy')}\n{desk.address('chi')}")
    page.get_by_role("button", name="Add alias").click()
    expect(page.get_by_role("link", name=desk.address("info"))).to_be_visible()
    subject = desk.write_from_outside("info")
    assert desk.arrives("do.quang.huy", subject)
    assert desk.arrives("chi", subject)
    with submission(desk.stack, desk.person("chi")) as client:
        client.mail(desk.address("info"))
        assert client.rcpt("an@partner.test")[0] == 250


def a_forwarder_and_forwarding_with_a_copy(desk: Desk) -> None:
    """Whoever is outside agrees first; a mailbox passes on to the echo there and keeps a copy."""
    page = desk.page
    outside = f"{unique('ban')}@partner.test"
    desk.go("Forwarders")
    page.get_by_role("link", name="Add forwarder").first.click()
    page.get_by_label("Address").fill("ra.ngoai")
    page.get_by_label("Passes mail on to").fill(outside)
    page.get_by_role("button", name="Add forwarder").click()
    expect(page.get_by_role("link", name=desk.address("ra.ngoai"))).to_be_visible()
    expect(page.get_by_role("row", name="ra.ngoai")).to_contain_text("Waits for consent")
    assert desk.answer_to("ra.ngoai") == 450
    letter_kept = until(
        lambda: kept_by_partner(desk.stack, outside, "forwarding"), seconds=20, what="the letter"
    )
    page.goto(link_in(letter_kept))
    page.get_by_role("button", name="Yes, pass it on").click()
    expect(page.get_by_role("heading", name="You agreed")).to_be_visible()
    page.goto(f"/portal/{desk.world.tenant.pk}/forwarders/")
    expect(page.get_by_role("row", name="ra.ngoai")).to_contain_text("Active")
    subject = desk.write_from_outside("ra.ngoai")
    until(lambda: kept_by_partner(desk.stack, outside, subject), seconds=20, what="passed on")

    desk.open_mailbox("Đỗ Quang Huy")
    agree(desk.world.tenant, "echo@partner.test")
    page.get_by_label("Forward to").fill("echo@partner.test")
    page.get_by_label("Keep a copy in this mailbox").check()
    page.get_by_role("button", name="Save forwarding").click()
    expect(page.get_by_text("this mailbox, and passed on")).to_be_visible()
    chi, huy, subject = desk.person("chi"), desk.address("do.quang.huy"), unique("hoi")
    with submission(desk.stack, chi) as client:
        mine = letter(huy, subject=subject, sender=chi.address)
        client.send_message(mine, chi.address, [huy])
    assert desk.arrives("do.quang.huy", subject)
    assert desk.arrives("chi", f"Re: {subject}")


def a_catch_all(desk: Desk) -> None:
    """Mail to nobody in particular goes to Chi; before, it was refused."""
    page = desk.page
    assert desk.answer_to("khong.ai") == 550
    desk.go("Domains")
    page.get_by_role("link", name=desk.world.domain.name).click()
    page.get_by_label("Mailbox", exact=True).fill(desk.address("chi"))
    page.locator("section", has=page.get_by_role("heading", name="Catch-all")).get_by_role(
        "button", name="Save"
    ).click()
    expect(page.get_by_text(f"goes to {desk.address('chi')}")).to_be_visible()
    assert desk.arrives("chi", desk.write_from_outside("khong.ai"))


def a_smaller_and_a_larger_quota(desk: Desk) -> None:
    """A mailbox that is over its new limit refuses with 552 at once, and takes mail again."""
    page = desk.page
    huge = letter(desk.address("do.quang.huy"), text="to\n" * 4_500_000)
    deliver(desk.stack, desk.address("do.quang.huy"), huge)
    desk.open_mailbox("Đỗ Quang Huy")
    page.get_by_role("spinbutton", name="Storage").fill("0.01")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    until(lambda: desk.answer_to("do.quang.huy") == 552, seconds=AT_ONCE, what="full")
    assert quota_bytes(desk.imap(desk.person("do.quang.huy"))) == 10**7
    page.get_by_role("spinbutton", name="Storage").fill("2")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    until(lambda: desk.answer_to("do.quang.huy") == 250, seconds=AT_ONCE, what="room again")
    assert desk.arrives("do.quang.huy", desk.write_from_outside("do.quang.huy"))


def suspended_and_resumed(desk: Desk) -> None:
    """Open sessions end, no door opens, mail is kept; then all is as before."""
    page = desk.page
    opened = desk.imap(desk.person("do.quang.huy"))
    opened.select("INBOX")
    desk.open_mailbox("Đỗ Quang Huy")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("Mail keeps arriving; nobody signs in")).to_be_visible()
    until(lambda: has_ended(opened), seconds=AT_ONCE, what="the open session ends")
    assert not desk.signs_in("do.quang.huy")
    assert not desk.may_send("do.quang.huy")
    subject = desk.write_from_outside("do.quang.huy")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Suspend")).to_be_visible()
    until(lambda: desk.signs_in("do.quang.huy"), seconds=AT_ONCE, what="in again")
    assert desk.may_send("do.quang.huy")
    assert desk.arrives("do.quang.huy", subject)


def deleted_with_grace_and_kept_after_all(desk: Desk) -> None:
    """From the click on nothing goes in or out; the undo brings back every letter."""
    page = desk.page
    desk.open_mailbox("Lê Thảo Chi")
    # Else the catch-all of the domain would take her mail, to her own mailbox.
    before = len(messages(desk.imap(desk.person("chi"))))
    opened = desk.imap(desk.person("chi"))
    page.get_by_role("link", name="Delete…").click()
    page.get_by_text("In 7 days").click()
    page.get_by_role("button", name="Delete mailbox").click()
    expect(page.get_by_text("Deleted for good on")).to_be_visible()
    until(lambda: has_ended(opened), seconds=AT_ONCE, what="the open session ends")
    assert not desk.signs_in("chi")
    assert desk.answer_to("chi") == 550
    page.get_by_role("button", name="Undo the deletion").click()
    expect(page.get_by_role("button", name="Suspend")).to_be_visible()
    until(lambda: desk.signs_in("chi"), seconds=AT_ONCE, what="in again")
    assert len(messages(desk.imap(desk.person("chi")))) == before
    assert desk.arrives("chi", desk.write_from_outside("chi"))


def test_mai_finds_one_among_many(desk: Desk) -> None:
    page, world = desk.page, desk.world
    for number in range(52):
        world.person(f"nv{number:02}", name=f"Nhân Viên {number:02}")
    world.person("ha.tran", name="Trần Thu Hà")
    desk.go("Mailboxes")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Next").click()
    expect(rows).to_have_count(3)
    page.get_by_role("link", name="Previous").click()
    expect(rows.first).to_contain_text("ha.tran@")
    page.get_by_role("link", name="Mailbox", exact=True).click()
    expect(rows.first).to_contain_text("nv51@")
    page.get_by_role("searchbox", name="Search mailboxes").press_sequentially("tran thu")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Trần Thu Hà")


def has_ended(client: imaplib.IMAP4_SSL) -> bool:
    """Return whether the server closed this session."""
    try:
        client.noop()
    except (imaplib.IMAP4.abort, OSError):
        return True
    return False


def quota_bytes(client: imaplib.IMAP4_SSL) -> int:
    """Return the storage limit that IMAP tells in KiB (RFC 9208), as bytes to the nearest 10 kB."""
    _ok, (_roots, quotas) = client.getquotaroot("INBOX")
    found = re.search(rb"STORAGE \d+ (\d+)", b" ".join(quotas))
    assert found is not None
    return round(int(found[1]) * 1024, -4)
