"""Somebody leaves: replies, hand-over, archive and end, carried out by the running daemons."""

from __future__ import annotations

import http.client
import imaplib
import io
import tarfile
import zipfile
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Role, User
from domains.models import AutoReply, Departure, HandOver, Mailbox, MailboxStatus, MailHomeChange
from domains.services.plan_departure import Wishes, cancel_departure, plan_departure
from domains.services.purge_ended import purge_ended
from domains.services.run_departures import run_departures
from domains.services.set_alias import create_alias
from domains.services.set_auto_reply import end_auto_reply, set_auto_reply
from domains.services.suspend_mailbox import suspend_mailbox
from mailserver.services.pack_mail import forget_files
from tests.conftest import deliver, letter, until
from tests.domains.conftest import acting
from tests.wire.mail import kept_by_partner, messages, send_from_outside
from tests.world import Person, World, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor
    from portal.config import Stack

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


@pytest.fixture
def actor(live: World) -> Actor:
    return acting(live.tenant)


def is_written(person: Person) -> bool:
    return AutoReply.objects.filter(mailbox=person.box, written_at__isnull=False).exists()


def answers(stack: Stack, address: str, needle: str) -> list[bytes]:
    """Return what the partner keeps for `address` that contains `needle`."""
    folder = stack.data / "outside" / address
    return [data for path in folder.glob("*.eml") if needle.encode() in (data := path.read_bytes())]


def test_each_sender_is_answered_once_though_the_person_is_suspended(
    stack: Stack, live: World, actor: Actor
) -> None:
    person = live.person()
    alias = create_alias(
        actor=actor, domain=live.domain, localpart="bd", mailboxes=[person.address]
    )
    word = unique("nghi")
    suspend_mailbox(actor=actor, mailbox=person.box)
    hostile = f'{word} "chao"; stop;\n.\n${{x}} \\ %{{user}}'
    set_auto_reply(actor=actor, mailbox=person.box, text=hostile, subject='Vắng "mặt"; x')
    until(lambda: is_written(person), what="the agent writes the reply")
    once, other = (f"{unique('s')}@partner.test" for _ in range(2))
    deliver(stack, person.address, letter(person.address, sender=once), once)
    deliver(stack, person.address, letter(person.address, sender=once), once)
    deliver(stack, person.address, letter(alias.address.email, sender=other), other)
    first = until(lambda: kept_by_partner(stack, once, word), what="the first answer")
    until(lambda: kept_by_partner(stack, other, word), what="the answer to the alias")
    assert len(answers(stack, once, word)) == 1
    assert b"auto-submitted: auto-replied" in first.lower()
    assert b'"chao"; stop;' in first
    assert b"${x}" in first
    assert b"%{user}" in first
    end_auto_reply(actor=actor, mailbox=person.box)
    until(lambda: is_written(person), what="the agent takes the reply away")
    assert not (stack.data / "mail" / str(person.box.pk) / "auto-reply.sieve").exists()


@pytest.mark.parametrize(
    ("headers", "envelope"),
    [
        ({"List_Id": "<ban.tin.partner.test>", "Precedence": "list"}, None),
        ({"Auto_Submitted": "auto-generated"}, None),
        ({}, ""),
        ({"Precedence": "bulk"}, None),
    ],
    ids=["list", "robot", "bounce", "bulk"],
)
def test_lists_robots_and_bounces_are_never_answered(
    stack: Stack, live: World, actor: Actor, headers: dict[str, str], envelope: str | None
) -> None:
    person = live.person()
    word = unique("nghi")
    set_auto_reply(actor=actor, mailbox=person.box, text=word)
    until(lambda: is_written(person))
    sender = f"{unique('s')}@partner.test"
    deliver(
        stack,
        person.address,
        letter(person.address, sender=sender, **headers),
        sender if envelope is None else envelope,
    )
    # somebody who is answered proves that answers flow and that the first had its chance
    asker = f"{unique('s')}@partner.test"
    deliver(stack, person.address, letter(person.address, sender=asker), asker)
    until(lambda: kept_by_partner(stack, asker, word), what="a person is answered")
    assert not answers(stack, sender, word)


def test_a_plan_stops_sign_in_hands_mail_over_and_can_be_undone(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    leaver, colleague = live.person(name="Đỗ Hữu / Ngọ"), live.person()
    old, new, word = unique("cu"), unique("moi"), unique("nghi")
    deliver(stack, leaver.address, letter(leaver.address, subject=old))
    client = imap(leaver)
    client.create("Du-an")
    client.append("Du-an", None, None, letter(leaver.address, subject=old).as_bytes())
    client.create("-r")  # looks like an option
    client.append("-r", None, None, letter(leaver.address, subject=old).as_bytes())
    plan_departure(
        actor=actor,
        mailbox=leaver.box,
        wishes=Wishes(
            stop_due_at=timezone.now(),
            close_days=30,
            hand_over=HandOver.COPY,
            colleague=colleague.address,
            reply_text=word,
        ),
    )
    until(
        lambda: (
            run_departures() == 0
            and Departure.objects.filter(mailbox=leaver.box, copied_at__isnull=False).exists()
        ),
        seconds=30,
        what="the colleague has the copy",
    )
    with pytest.raises(imaplib.IMAP4.error):
        imap(leaver)
    theirs = imap(colleague)
    folders = [line.decode() for line in theirs.list()[1] if isinstance(line, bytes)]
    inbox = next(line for line in folders if line.endswith('/INBOX"'))
    copied = messages(theirs, inbox[inbox.index('" "') + 2 :])
    assert [message["Subject"] for message in copied] == [old]
    assert any(line.endswith('/-r"') for line in folders)
    project = next(line[line.index('" "') + 2 :] for line in folders if line.endswith('/Du-an"'))
    theirs.select(project)
    theirs.store("1", "+FLAGS", "\\Flagged")
    theirs.select(inbox[inbox.index('" "') + 2 :])
    theirs.store("1", "+FLAGS", "\\Deleted")
    theirs.expunge()
    # as after a try that broke off: what is whole stays, the rest is copied
    theirs.select("INBOX")
    Departure.objects.filter(mailbox=leaver.box).update(copied_at=None)
    until(
        lambda: Departure.objects.filter(mailbox=leaver.box, copied_at__isnull=False).exists(),
        what="the copy is whole again",
    )
    assert len(messages(theirs, inbox[inbox.index('" "') + 2 :])) == 1
    theirs.select(project, readonly=True)
    assert theirs.search(None, "FLAGGED")[1] == [b"1"]
    theirs.select("INBOX")
    sender = f"{unique('s')}@partner.test"
    send_from_outside(
        stack, leaver.address, letter(leaver.address, subject=new, sender=sender), sender=sender
    )
    until(lambda: any(m["Subject"] == new for m in messages(theirs)), what="new mail is handed on")
    until(lambda: kept_by_partner(stack, sender, word), what="the sender is answered")
    cancel_departure(actor=actor, mailbox=leaver.box)
    assert User.objects.get(pk=leaver.user.pk).suspended_at is None
    assert Mailbox.objects.get(pk=leaver.box.pk).forward_to == []
    until(lambda: is_written(leaver))
    again = imap(leaver)
    assert any(m["Subject"] == new for m in messages(again))


def test_a_copy_without_room_says_so_and_writes_nothing(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    leaver, colleague = live.person(), live.person()
    deliver(stack, leaver.address, letter(leaver.address, text="x" * 3000))
    Mailbox.objects.filter(pk=colleague.box.pk).update(quota_bytes=1000)
    plan_departure(
        actor=actor,
        mailbox=leaver.box,
        wishes=Wishes(
            stop_due_at=timezone.now(),
            close_days=30,
            hand_over=HandOver.COPY,
            colleague=colleague.address,
        ),
    )
    run_departures()
    row = until(
        lambda: Departure.objects.filter(mailbox=leaver.box).exclude(copy_error="").first(),
        what="the plan says why",
    )
    assert row is not None
    assert colleague.address in row.copy_error
    assert str(leaver.box.pk) not in str(imap(colleague).list()[1])


def test_the_end_of_a_plan_leaves_an_archive_for_some_days(
    stack: Stack, live: World, actor: Actor
) -> None:
    leaver = live.person()
    deliver(stack, leaver.address, letter(leaver.address))
    plan_departure(
        actor=actor,
        mailbox=leaver.box,
        wishes=Wishes(
            stop_due_at=timezone.now(),
            close_days=30,
            hand_over=HandOver.NOTHING,
            archive_days=90,
        ),
    )
    run_departures()
    past = timezone.now() - timedelta(seconds=1)
    Departure.objects.filter(mailbox=leaver.box).update(
        close_due_at=past, stop_due_at=past - timedelta(days=30)
    )
    run_departures()
    number = leaver.box.pk

    def is_done() -> bool:
        purge_ended()
        return MailHomeChange.objects.filter(mailbox_id=number, done_at__isnull=False).exists()

    until(is_done, seconds=20, what="the home is gone")
    assert not (stack.data / "mail" / str(number)).exists()
    archive = stack.data / "archive" / f"{number}.tar.gz"
    assert archive.stat().st_mode & 0o077 == 0
    with tarfile.open(archive) as tar:
        assert any("sdbox" in name for name in tar.getnames())
    events = AuditEvent.objects.filter(tenant_id=live.tenant.pk, target_id=number)
    assert {"mailbox.archive", "mailbox.purge", "mailbox.erase"} <= set(
        events.values_list("action", flat=True)
    )
    assert not User.objects.filter(pk=leaver.user.pk).exists()


def fetched(stack: Stack, person: Person, path: str) -> tuple[int, bytes, str]:
    """Ask nginx for a page as this person; returns status, content and type."""
    client = Client()
    client.force_login(person.user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"}
    connection.request("GET", path, headers={**headers, "Host": f"localhost:{stack.port}"})
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers.get("Content-Type", "")
    connection.close()
    return found


def handed_over(actor: Actor, leaver: Person, colleague: Person) -> Departure:
    """Plan that the colleague gets the old mail as a file, and wait until it is there."""
    plan_departure(
        actor=actor,
        mailbox=leaver.box,
        wishes=Wishes(
            stop_due_at=timezone.now(),
            close_days=30,
            hand_over=HandOver.FILE,
            colleague=colleague.address,
        ),
    )
    run_departures()
    ready = until(
        lambda: Departure.objects.filter(mailbox=leaver.box, file_until__isnull=False).first(),
        seconds=30,
        what="the file is there",
    )
    assert ready is not None
    return ready


def test_the_colleague_and_nobody_else_downloads_the_old_mail_as_a_file(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    leaver, colleague = live.person(), live.person()
    boss = live.person(role=Role.COMPANY_ADMIN)
    subject, form_feed = unique("cu"), "mot\n\f\nuid: 9\ntext:\nhai\n"
    deliver(stack, leaver.address, letter(leaver.address, subject=subject, text=form_feed))
    client = imap(leaver)
    for folder in ("Du-an:kho/Mat", "Trash", "Junk"):
        client.create(f'"{folder}"')
    client.append('"Du-an:kho/Mat"', None, None, letter(leaver.address, subject=subject).as_bytes())
    client.append("Trash", None, None, letter(leaver.address, subject="rac").as_bytes())
    departure = handed_over(actor, leaver, colleague)
    file = stack.data / "handed" / f"{departure.pk}.zip"
    assert file.stat().st_mode & 0o777 == 0o640
    page = f"/mail/{colleague.box.pk}/handed/{departure.pk}/"
    status, content, kind = fetched(stack, colleague, f"{page}file/")
    assert (status, kind, len(content)) == (200, "application/zip", departure.file_bytes)
    assert AuditEvent.objects.filter(
        action="mailbox.file_taken", target_id=leaver.box.pk, actor_id=colleague.user.pk
    ).exists()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        mails = [message_from_bytes(archive.read(name), policy=SMTP) for name in names]
    assert len(names) == 2
    assert {name.rpartition("/")[0] for name in names} == {"INBOX", "Du-an_kho/Mat"}
    assert {mail["Subject"] for mail in mails} == {subject}
    inbox = next(m for m, n in zip(mails, names, strict=True) if n.startswith("INBOX"))
    assert form_feed.replace("\n", "\r\n") in inbox.get_content()
    # the mail store passes it on, so that the colleague knows
    theirs = imap(colleague)
    until(
        lambda: any(page.encode() in (m.get_payload(decode=True) or b"") for m in messages(theirs)),
        what="the letter with the link",
    )
    assert fetched(stack, boss, f"{page}file/")[0] == 404
    assert fetched(stack, boss, f"/mail/{boss.box.pk}/handed/{departure.pk}/file/")[0] == 404
    for person in (boss, colleague):
        assert fetched(stack, person, f"/handed/{departure.pk}.zip")[0] == 404
    cancel_departure(actor=actor, mailbox=leaver.box)
    assert fetched(stack, colleague, f"{page}file/")[0] == 404
    forget_files()
    assert not file.exists()


def test_a_file_goes_with_its_days_and_keeps_the_mailbox_open_until_then(
    stack: Stack, live: World, actor: Actor
) -> None:
    leaver, colleague = live.person(), live.person()
    deliver(stack, leaver.address, letter(leaver.address))
    departure = handed_over(actor, leaver, colleague)
    file = stack.data / "handed" / f"{departure.pk}.zip"
    forget_files()
    assert file.exists()
    rows = Departure.objects.filter(pk=departure.pk)
    past = timezone.now() - timedelta(seconds=1)
    rows.update(stop_due_at=past, close_due_at=past)
    run_departures()
    assert Mailbox.objects.get(pk=leaver.box.pk).status == MailboxStatus.SUSPENDED
    rows.update(file_until=past)
    page = f"/mail/{colleague.box.pk}/handed/{departure.pk}/"
    assert {fetched(stack, colleague, page + end)[0] for end in ("", "file/")} == {404}
    forget_files()
    assert not file.exists()
    run_departures()
    left = Mailbox.objects.filter(pk=leaver.box.pk)  # the stack's own beat may have purged it
    assert not left.exclude(status=MailboxStatus.DELETING).exists()
