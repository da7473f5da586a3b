"""Groups on the real Postfix: who is in gets the mail, who may not write is told so at RCPT."""

from __future__ import annotations

import smtplib
import socket
from contextlib import ExitStack
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from accounts.actor import Actor
from domains.dkim import record_text
from domains.models import Group, Sends, WhoMaySend
from domains.services.change_mailbox import change_mailbox
from domains.services.set_grant import set_grant
from domains.services.set_group import add_members, change_group, create_group, remove_member
from mailserver.policy.service import NAME
from tests.conftest import letter, until
from tests.wire.dkim import verified_domains
from tests.wire.mail import (
    kept_by_partner,
    messages,
    send_from_outside,
    sign_in,
    submission,
    token_submission,
)
from tests.world import agree, make_world, signing_key, unique

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire


@pytest.fixture
def actor(live: World) -> Actor:
    return Actor.system(live.tenant)


def group(
    live: World, actor: Actor, *members: str, who: str = WhoMaySend.ANYONE, **more: object
) -> Group:
    return create_group(
        actor=actor,
        domain=live.domain,
        localpart=unique("g"),
        name="Kinh doanh",
        members=members,
        who_may_send=who,
        **more,  # type: ignore[arg-type]
    )


def has(imap: Connect, person: Person, subject: str) -> bool:
    client = imap(person)
    client.select("INBOX", readonly=True)
    return bool(client.search(None, "SUBJECT", subject)[1][0])


def from_outside(stack: Stack, to: str, sender: str = "an@partner.test") -> tuple[int, bytes]:
    """Name the recipient as a foreign server does; returns the reply."""
    with smtplib.SMTP("127.0.0.1", stack.mail_port("smtp"), timeout=10) as client:
        client.ehlo("mail.partner.test")
        client.mail(sender)
        return client.rcpt(to)


def signed_in(stack: Stack, person: Person, to: str, sender: str = "") -> tuple[int, bytes]:
    """Name the recipient as a mail program does; returns the reply."""
    with smtplib.SMTP("127.0.0.1", stack.mail_port("submission"), timeout=10) as client:
        client.starttls()
        sign_in(client, person.address, person.password)
        client.mail(sender or person.address)
        return client.rcpt(to)


def test_mail_to_a_group_reaches_its_members_and_those_of_groups_inside_once(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    binh, chi, dung = (live.person(name) for name in ("binh", "chi", "dung"))
    inner = group(live, actor, binh.address, chi.address)
    outer = group(live, actor, inner.address.email, chi.address)
    subject = unique("hop")
    send_from_outside(stack, outer.address.email, letter(outer.address.email, subject=subject))
    until(lambda: has(imap, binh, subject), what="a member of the inner group")
    until(lambda: has(imap, chi, subject), what="a member of both")
    client = imap(chi)
    client.select("INBOX", readonly=True)
    assert len(client.search(None, "SUBJECT", subject)[1][0].split()) == 1
    assert not has(imap, dung, subject)


def test_a_new_member_gets_the_next_message_and_who_was_taken_out_does_not(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    old, new = live.person("cu"), live.person("moi")
    team = group(live, actor, old.address)
    add_members(actor=actor, group=team, members=[new.address])
    remove_member(actor=actor, group=team, member_id=team.members.get(email=old.address).pk)
    subject = unique("tin")
    send_from_outside(stack, team.address.email, letter(team.address.email, subject=subject))
    until(lambda: has(imap, new, subject), what="the new member")
    assert not has(imap, old, subject)


def test_strangers_are_refused_in_words_where_a_group_is_for_the_company(
    stack: Stack, live: World, actor: Actor
) -> None:
    binh = live.person("binh")
    team = group(live, actor, binh.address, who=WhoMaySend.COMPANY)
    code, words = from_outside(stack, team.address.email)
    assert code == 550
    assert b"5.7.1" in words
    assert b"This group takes mail only from those it names" in words
    assert signed_in(stack, binh, team.address.email)[0] == 250
    assert from_outside(stack, binh.address)[0] == 250  # others are as reachable as ever


def test_an_address_of_ours_in_mail_from_proves_nothing_without_signing_in(
    stack: Stack, live: World, actor: Actor
) -> None:
    binh = live.person("binh")
    for who in (WhoMaySend.COMPANY, WhoMaySend.MEMBERS):
        team = group(live, actor, binh.address, who=who)
        assert from_outside(stack, team.address.email, binh.address)[0] == 550
    named = group(live, actor, binh.address, who=WhoMaySend.NAMED, senders=[binh.address])
    assert from_outside(stack, named.address.email, binh.address)[0] == 550
    assert from_outside(stack, named.address.email, "")[0] == 550


def test_people_of_another_company_here_are_strangers_too(
    stack: Stack, live: World, actor: Actor
) -> None:
    neighbour = make_world().person("lang")
    team = group(live, actor, live.person("binh").address, who=WhoMaySend.COMPANY)
    assert signed_in(stack, neighbour, team.address.email)[0] == 550


def test_members_write_to_their_group_and_others_of_the_company_do_not(
    stack: Stack, live: World, actor: Actor
) -> None:
    inside, outside = live.person("trong"), live.person("ngoai")
    team = group(live, actor, inside.address, "doitac@partner.test", who=WhoMaySend.MEMBERS)
    assert signed_in(stack, inside, team.address.email)[0] == 250
    assert signed_in(stack, outside, team.address.email)[0] == 550
    assert from_outside(stack, team.address.email, "doitac@partner.test")[0] == 250
    assert from_outside(stack, team.address.email, "khac@partner.test")[0] == 550
    tagged = team.address.email.replace("@", "+tag@")
    assert signed_in(stack, outside, tagged)[0] == 550


def test_only_named_senders_reach_a_group_for_them_and_a_change_counts_at_once(
    stack: Stack, live: World, actor: Actor
) -> None:
    boss, staff = live.person("sep"), live.person("nv")
    team = group(
        live, actor, staff.address, who=WhoMaySend.NAMED, senders=[boss.address, "a@partner.test"]
    )
    assert signed_in(stack, boss, team.address.email)[0] == 250
    assert signed_in(stack, staff, team.address.email)[0] == 550
    assert from_outside(stack, team.address.email, "a@partner.test")[0] == 250
    change_group(
        actor=actor,
        group=team,
        version=team.version,
        name=team.name,
        who_may_send=WhoMaySend.NAMED,
        senders=[staff.address],
        is_enabled=True,
    )
    assert signed_in(stack, boss, team.address.email)[0] == 550
    assert signed_in(stack, staff, team.address.email)[0] == 250


def test_a_group_switched_off_refuses(stack: Stack, live: World, actor: Actor) -> None:
    team = group(live, actor, live.person("binh").address)
    change_group(
        actor=actor,
        group=team,
        version=0,
        name=team.name,
        who_may_send=WhoMaySend.ANYONE,
        senders=[],
        is_enabled=False,
    )
    code, words = from_outside(stack, team.address.email)
    assert (code, b"switched off" in words) == (550, True)


def test_many_who_ask_at_once_share_a_few_connections_of_the_database(
    stack: Stack, live: World, actor: Actor
) -> None:
    team = group(live, actor, live.person().address, who=WhoMaySend.MEMBERS)
    question = f"request=smtpd_access_policy\nrecipient={team.address.email}\n\n".encode()
    with ExitStack() as all_stay, connection.cursor() as cursor:
        doors = [all_stay.enter_context(socket.socket(socket.AF_UNIX)) for _smtpd in range(30)]
        for door in doors:
            door.settimeout(10)
            door.connect(str(stack.run / "policy.sock"))
            door.sendall(question)
        assert all(door.recv(200).startswith(b"action=550 ") for door in doors)
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        assert 1 <= cursor.fetchone()[0] <= 4


def test_who_was_given_a_group_to_send_from_sends_as_it(
    stack: Stack, live: World, actor: Actor
) -> None:
    binh, chi = live.person("binh"), live.person("chi")
    team = group(live, actor, binh.address)
    assert signed_in(stack, binh, chi.address, team.address.email)[0] == 553
    set_grant(actor=actor, address=team.address, grantee=binh.address, sends=Sends.AS)
    assert signed_in(stack, binh, chi.address, team.address.email)[0] == 250
    assert signed_in(stack, chi, binh.address, team.address.email)[0] == 553


def test_sending_switched_off_ends_an_open_session_but_not_the_webmail(
    stack: Stack, live: World, actor: Actor
) -> None:
    binh, chi = live.person("binh"), live.person("chi")
    with smtplib.SMTP("127.0.0.1", stack.mail_port("submission"), timeout=10) as client:
        client.starttls()
        sign_in(client, binh.address, binh.password)
        client.mail(binh.address)
        assert client.rcpt(chi.address)[0] == 250
        client.rset()
        box = binh.box
        change_mailbox(actor=actor, mailbox=box, version=box.version, allow_smtp=False)
        client.mail(binh.address)
        assert client.rcpt(chi.address)[0] in {550, 553}
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submission(stack, binh)
    assert token_submission(stack, binh.address)[0] == 235


def lists_named(imap: Connect, person: Person, subject: str) -> list[str]:
    """Wait for the message and return what its List-Id headers say."""
    until(lambda: has(imap, person, subject), what="the message")
    (found,) = (one for one in messages(imap(person)) if one["Subject"] == subject)
    return [str(make_header(decode_header(value))) for value in found.get_all("List-Id", [])]


def test_mail_through_a_group_names_the_group_and_other_mail_does_not(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    binh = live.person("binh")
    for who in (WhoMaySend.ANYONE, WhoMaySend.COMPANY):
        team = group(live, actor, binh.address, who=who)
        to, subject = team.address.email, unique("nhom")
        with submission(stack, binh) as client:
            message = letter(to, subject=subject, sender=binh.address)
            client.send_message(message, binh.address, [to.replace("@", "+tag@")])
        assert lists_named(imap, binh, subject) == [f"Kinh doanh <{to.replace('@', '.')}>"]
    direct = unique("rieng")
    send_from_outside(stack, binh.address, letter(binh.address, subject=direct))
    assert lists_named(imap, binh, direct) == []


def test_the_name_of_a_group_is_read_in_any_language(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    binh, name = live.person("binh"), 'Phòng "Kinh doanh" khu vực Đà Nẵng, <miền Trung> và ' * 2
    team = group(live, actor, binh.address)
    Group.objects.filter(pk=team.pk).update(name=name.strip())
    to, subject = team.address.email, unique("nhom")
    send_from_outside(stack, to, letter(to, subject=subject))
    assert lists_named(imap, binh, subject) == [f"{name.strip()} <{to.replace('@', '.')}>"]


def test_a_message_to_two_groups_names_the_first_and_the_next_message_its_own(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    binh = live.person("binh")
    one, two = (group(live, actor, binh.address).address.email for _ in range(2))
    both, second = unique("ca"), unique("sau")
    with smtplib.SMTP(
        stack.box_address(1), 25, local_hostname="mx.partner.test", timeout=20,
        source_address=(stack.box_address(25), 0),
    ) as client:  # fmt: skip
        client.sendmail("an@partner.test", [one, two], letter(one, subject=both).as_bytes())
        client.sendmail("an@partner.test", [two], letter(two, subject=second).as_bytes())
    assert lists_named(imap, binh, both) == [f"Kinh doanh <{one.replace('@', '.')}>"]
    assert lists_named(imap, binh, second) == [f"Kinh doanh <{two.replace('@', '.')}>"]


def test_a_mailing_list_that_writes_to_a_group_keeps_its_own_name(
    stack: Stack, live: World, actor: Actor, imap: Connect
) -> None:
    binh = live.person("binh")
    to, subject = group(live, actor, binh.address).address.email, unique("ds")
    message = letter(to, subject=subject)
    message["List-Id"] = "<tin.lists.partner.test>"
    send_from_outside(stack, to, message)
    assert lists_named(imap, binh, subject) == ["<tin.lists.partner.test>"]
    direct = unique("rieng")
    message = letter(binh.address, subject=direct)
    message["List-Id"] = "<tin.lists.partner.test>"
    send_from_outside(stack, binh.address, message)
    assert lists_named(imap, binh, direct) == ["<tin.lists.partner.test>"]


def test_the_signature_of_mail_through_a_group_holds_and_covers_its_name(
    stack: Stack, live: World, actor: Actor
) -> None:
    binh, outside = live.person("binh"), f"{unique('ban')}@partner.test"
    key = signing_key(live.domain)
    until((stack.data / "dkim" / f"{live.domain.name}.s1.key").exists, what="the key")
    agree(live.tenant, outside)
    teams = [group(live, actor, binh.address, outside).address.email for _ in range(2)]
    subject = unique("ky")
    with submission(stack, binh) as client:
        message = letter(teams[0], subject=subject, sender=binh.address)
        client.send_message(message, binh.address, teams)
    content = until(lambda: kept_by_partner(stack, outside, subject), seconds=20)
    record = record_text(key.public_key)
    assert verified_domains(content, lambda _name: record) == [live.domain.name]
    changed = content.replace(b"List-Id: Kinh", b"List-Id: Binh")
    assert changed != content
    assert verified_domains(changed, lambda _name: record) == []
