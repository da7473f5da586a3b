"""Shared mailboxes on the real Dovecot and Postfix: members come in by their own sign-in, and only they."""

from __future__ import annotations

import imaplib
import smtplib
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from accounts.actor import Actor
from accounts.models import User
from domains.models import Access, Mailbox, Sends
from domains.services.set_grant import set_grant, take_grant
from portal.errors import InvalidInput
from portal.mailtoken import mint
from tests.conftest import deliver, letter, until
from tests.wire.mail import sign_in
from tests.world import Person, World, unique
from webmail.errors import MailboxGone, WebmailError
from webmail.imap.folders import list_folders
from webmail.imap.pool import POOL, borrow
from webmail.selectors.mailboxes import OpenMailboxes, own_mailbox
from webmail.services.create_folder import create_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.config import Stack

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


@pytest.fixture
def actor(live: World) -> Actor:
    return Actor.system(live.tenant)


def shared(live: World, name: str = "lienhe") -> Mailbox:
    """A mailbox that nobody owns."""
    person = live.person(unique(name))
    Mailbox.objects.filter(pk=person.box.pk).update(owner=None)
    return Mailbox.objects.select_related("address", "address__tenant", "tenant").get(
        pk=person.box.pk
    )


def flags_of(data: list[Any]) -> bytes:
    """The first line of a FETCH."""
    return bytes(data[0])


def folders(client: imaplib.IMAP4_SSL) -> str:
    _ok, lines = client.list('""', '"*"')
    return " ".join((line or b"").decode() if isinstance(line, bytes) else "" for line in lines)


def test_a_member_reads_the_shared_mailbox_below_shared(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    box, binh = shared(live), live.person("binh")
    deliver(stack, box.address.email, letter(box.address.email, subject="Hỏi giá"))
    client = imap(binh)
    assert "Shared" not in folders(client)
    set_grant(actor=actor, address=box.address, grantee=binh.address, access=Access.WRITE)
    path = f"Shared/{box.address.email}"

    def seen() -> bool:
        fresh = imap(binh)
        return path in folders(fresh)

    until(seen, seconds=5, what="the shared mailbox in the list")
    client = imap(binh)
    ok, count = client.select(f'"{path}"')
    assert (ok, count) == ("OK", [b"1"])
    assert client.store("1", "+FLAGS", r"(\Flagged)")[0] == "OK"
    ok, data = client.fetch("1", "(FLAGS)")
    assert b"\\Flagged" in flags_of(data)


def test_a_reader_cannot_change_anything(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    box, chi = shared(live), live.person("chi")
    deliver(stack, box.address.email, letter(box.address.email))
    set_grant(actor=actor, address=box.address, grantee=chi.address, access=Access.READ)
    path = f'"Shared/{box.address.email}"'
    until(lambda: imap(chi).select(path, readonly=True)[0] == "OK", seconds=5, what="access")
    client = imap(chi)
    with pytest.raises(imaplib.IMAP4.readonly):
        client.select(path)
    client.select(path, readonly=True)
    client._simple_command("SELECT", path)
    client.store("1", "+FLAGS", r"(\Deleted \Flagged)")
    ok, data = client.fetch("1", "(FLAGS)")
    assert ok == "OK"
    assert b"\\Flagged" not in flags_of(data)
    ok, _said = client.append(path, None, None, b"Subject: x\r\n\r\nx")
    assert ok == "NO"
    ok, _said = client.create(f'"Shared/{box.address.email}/Neu"')
    assert ok == "NO"


@pytest.mark.parametrize("looks", [True, False], ids=["inside", "listed only"])
def test_who_is_no_member_any_more_is_cut_off_within_two_seconds(
    stack: Stack, live: World, actor: Actor, imap: Connect, *, looks: bool
) -> None:
    box, dung = shared(live), live.person("dung")
    grant = set_grant(actor=actor, address=box.address, grantee=dung.address, access=Access.WRITE)
    assert grant is not None
    path = f'"Shared/{box.address.email}"'
    until(lambda: imap(dung).select(path)[0] == "OK", seconds=5, what="access")
    client = imap(dung)
    assert path.strip('"') in folders(client)
    client.select(path if looks else "INBOX")
    started = monotonic()
    take_grant(actor=actor, address=box.address, grant_id=grant.pk)

    def is_cut() -> bool:
        try:
            client.noop()
        except (imaplib.IMAP4.abort, OSError):
            return True
        return False

    until(is_cut, seconds=5, what="the open session ends")
    assert monotonic() - started < 2
    assert imap(dung).select(path)[0] == "NO"


def test_the_daemons_complain_about_nothing_while_a_mailbox_is_shared(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    logs = [stack.data / "log" / name for name in ("dovecot.log", "postgres.log")]
    before = [log.stat().st_size for log in logs]
    box, member = shared(live), live.person("giang")
    deliver(stack, box.address.email, letter(box.address.email))
    grant = set_grant(actor=actor, address=box.address, grantee=member.address, access=Access.WRITE)
    assert grant is not None
    path = f"Shared/{box.address.email}"
    until(lambda: path in folders(imap(member)), seconds=5, what="the shared mailbox in the list")
    client = imap(member)
    assert client.create(f'"{path}/Offers"')[0] == "OK"
    take_grant(actor=actor, address=box.address, grant_id=grant.pk)
    until(lambda: path not in folders(imap(member)), seconds=5, what="the list without it")
    said = [
        line
        for log, start in zip(logs, before, strict=True)
        for line in log.read_bytes()[start:].decode("utf-8", "replace").splitlines()
    ]
    assert said
    wrong = ("unmapped path", "Permission denied", "_shared")
    assert [line for line in said if any(word in line for word in wrong)] == []


def test_nobody_signs_in_as_the_shared_mailbox(stack: Stack, live: World, imap: Connect) -> None:
    box, person = shared(live), live.person("em")
    for password in (person.password, "", mint(box.address.email)):
        with pytest.raises(imaplib.IMAP4.error):
            imap(Person(User(email=box.address.email), password=password))


def test_the_token_of_a_grant_opens_with_the_rights_of_the_member(
    stack: Stack, live: World, actor: Actor
) -> None:
    box, reader, writer = shared(live), live.person("r"), live.person("w")
    deliver(stack, box.address.email, letter(box.address.email, subject="Chào"))
    assert [one.mailbox_id for one in OpenMailboxes(reader.user).all] == [reader.box.pk]
    for person, access in ((reader, Access.READ), (writer, Access.WRITE)):
        set_grant(actor=actor, address=box.address, grantee=person.address, access=access)
    reads, writes = (own_mailbox(p.user, box.pk) for p in (reader, writer))
    assert (reads.may_write, writes.may_write) == (False, True)

    def count() -> bool:
        POOL.close()
        try:
            with borrow(writes) as session:
                return session.select("INBOX").message_count == 1
        except WebmailError:
            return False

    until(count, seconds=5, what="the shared inbox by a grant")
    with borrow(reads) as session:
        assert session.select("INBOX").message_count == 1
        uid = session.command(b"UID", b"SEARCH", b"ALL").untagged[0].split()[-1]
        session.command(b"UID", b"STORE", uid, b"+FLAGS", rb"(\Flagged)")
    POOL.close()
    with borrow(writes) as session:
        session.select("INBOX")
        answer = session.command(b"UID", b"FETCH", uid, b"(FLAGS)")
        assert b"\\Flagged" not in b"".join(answer.untagged)


def test_the_webmail_shows_a_shared_mailbox_once_as_a_mailbox(
    live: World, actor: Actor, imap: Connect
) -> None:
    box, member = shared(live), live.person("mot")
    set_grant(actor=actor, address=box.address, grantee=member.address, access=Access.WRITE)
    path = f"Shared/{box.address.email}"
    until(lambda: path in folders(imap(member)), seconds=5, what="the shared mailbox in the list")
    own, granted = OpenMailboxes(member.user).all
    assert granted.mailbox_id == box.pk
    with borrow(own) as session:
        listed = [folder.path for folder in list_folders(session)]
    assert "INBOX" in listed
    assert [one for one in listed if one.startswith("Shared")] == []
    with pytest.raises(InvalidInput) as refused:
        create_folder(own, name="Shared")
    assert "shared mailboxes" in refused.value.message


def test_the_token_of_a_grant_ends_with_the_grant(stack: Stack, live: World, actor: Actor) -> None:
    box, person = shared(live), live.person("ex")
    grant = set_grant(actor=actor, address=box.address, grantee=person.address, access=Access.READ)
    assert grant is not None
    identity = own_mailbox(person.user, box.pk)
    take_grant(actor=actor, address=box.address, grant_id=grant.pk)
    with pytest.raises(MailboxGone):
        own_mailbox(person.user, box.pk)
    with pytest.raises(WebmailError), borrow(identity):
        pass


def submit(stack: Stack, login: Person, sender: str, to: str) -> tuple[int, bytes]:
    """Offer MAIL and RCPT as a mail program does; returns the reply that decided."""
    with smtplib.SMTP("127.0.0.1", stack.mail_port("submission"), timeout=10) as client:
        client.starttls()
        sign_in(client, login.address, login.password)
        client.mail(sender)
        return client.rcpt(to)


def test_a_grant_to_send_reaches_postfix_at_once_and_ends_at_once(
    stack: Stack, live: World, actor: Actor
) -> None:
    box, person, other = shared(live), live.person("s"), live.person("o")
    assert submit(stack, person, box.address.email, other.address)[0] == 553
    grant = set_grant(actor=actor, address=box.address, grantee=person.address, sends=Sends.AS)
    assert grant is not None
    assert submit(stack, person, box.address.email, other.address)[0] == 250
    take_grant(actor=actor, address=box.address, grant_id=grant.pk)
    assert submit(stack, person, box.address.email, other.address)[0] == 553


def test_a_token_of_the_webmail_is_no_password_of_a_program(stack: Stack, live: World) -> None:
    person = live.person("t")
    with smtplib.SMTP("127.0.0.1", stack.mail_port("submission"), timeout=10) as client:
        client.starttls()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            sign_in(client, f"{person.address}@webmail", person.password)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            sign_in(client, person.address, mint(person.address))
