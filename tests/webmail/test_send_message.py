"""Sending is one transaction, for one's own addresses only, and a click counts once."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.utils import timezone

from delivery.models import Outcome, Submission, SubmissionState
from domains.models import Address as AddressRow
from domains.models import Alias, AliasTarget, MailboxStatus
from portal.config import stack
from tests.webmail.writing import identity_of, send, writing_of
from webmail.errors import (
    FileMissing,
    FilesTooLarge,
    NoRecipient,
    NotYourAddress,
    SendingStopped,
    TooManyRecipients,
)
from webmail.message.address import Address
from webmail.message.compose import room_for_files
from webmail.message.writing import Answers
from webmail.models import CollectedAddress, SentCopy, SentCopyState
from webmail.selectors.people import suggestions
from webmail.selectors.uploads import path_of
from webmail.services.add_upload import add_upload
from webmail.services.send_message import send_message

if TYPE_CHECKING:
    from tests.world import Person, World


def body_of(row: Submission) -> bytes:
    return bytes(row.body.mime)


def alias(world: World, person: Person, localpart: str, *, enabled: bool = True) -> str:
    email = f"{localpart}@{world.domain.name}"
    address = AddressRow.objects.create(
        tenant=world.tenant, domain=world.domain, localpart=localpart, email=email
    )
    row = Alias.objects.create(tenant=world.tenant, address=address, is_enabled=enabled)
    AliasTarget.objects.create(tenant=world.tenant, alias=row, address=person.box.address)
    return email


def test_a_letter_is_held_for_ten_seconds_with_its_envelope(world: World) -> None:
    person = world.person(name="Trần Thu Hà")
    row = send(person, "a@x.test", "b@x.test")
    assert row.state == SubmissionState.HELD
    assert 8 < (row.due_at - timezone.now()).total_seconds() <= 10
    assert row.mail_from == person.address
    assert {o.recipient for o in row.outcomes.all()} == {"a@x.test", "b@x.test"}
    message = message_from_bytes(body_of(row), policy=policy.default)
    assert message["From"].addresses[0].display_name == "Trần Thu Hà"
    assert message["Subject"] == "Bảng giá"
    assert message["Message-ID"] == row.message_id


def test_a_repeated_click_finds_the_same_letter(world: World) -> None:
    person = world.person()
    writing = writing_of(person)
    assert send(person, writing=writing).pk == send(person, "b@x.test", writing=writing).pk
    assert Submission.objects.filter(mailbox=person.box).count() == 1


def test_bcc_is_in_the_envelope_and_nowhere_else(world: World) -> None:
    row = send(world.person(), "a@x.test", bcc=["secret@x.test"])
    assert Outcome.objects.filter(submission=row, recipient="secret@x.test").exists()
    assert b"secret" not in body_of(row)
    assert b"bcc" not in body_of(row).lower()


def test_an_alias_may_send_but_no_foreign_address(world: World) -> None:
    person, colleague = world.person(), world.person()
    own = alias(world, person, "ketoan")
    row = send(person, writing=writing_of(person, sender=own))
    assert row.mail_from == own
    for foreign in (colleague.address, f"nobody@{world.domain.name}", "boss@outside.test", ""):
        with pytest.raises(NotYourAddress):
            send(person, writing=writing_of(person, sender=foreign))


def test_a_disabled_alias_may_not_send(world: World) -> None:
    person = world.person()
    off = alias(world, person, "cu", enabled=False)
    with pytest.raises(NotYourAddress):
        send(person, writing=writing_of(person, sender=off))


def test_a_suspended_mailbox_is_told_at_once(world: World) -> None:
    person = world.person()
    person.box.status = MailboxStatus.SUSPENDED
    person.box.save()
    with pytest.raises(SendingStopped):
        send(person)


def test_a_letter_to_nobody_is_refused(world: World) -> None:
    person = world.person()
    with pytest.raises(NoRecipient):
        send_message(identity_of(person), writing=writing_of(person), to=())


def test_a_letter_to_five_hundred_leaves_and_to_one_more_does_not(world: World) -> None:
    person = world.person()
    many = [f"p{n}@x.test" for n in range(500)]
    assert send(person, *many).outcomes.count() == 500
    with pytest.raises(TooManyRecipients):
        send(person, "a@x.test", bcc=many)


def test_what_follows_in_the_mailbox_is_noted_with_the_letter(world: World) -> None:
    person = world.person()
    answers = Answers("INBOX", 7, 42, is_forward=True)
    row = send(person, writing=writing_of(person, answers=answers, replaces="old@x"))
    copy = SentCopy.objects.get(submission=row)
    assert copy.state == SentCopyState.WAITING
    assert (copy.answered_folder, copy.answered_uid_validity, copy.answered_uid) == ("INBOX", 7, 42)
    assert copy.is_forward
    assert copy.draft_message_id == "old@x"
    assert copy.due_at <= timezone.now()


def test_html_is_washed_and_gets_a_plain_twin(world: World) -> None:
    person = world.person()
    html = '<p onclick="x()">Chào <b>anh</b></p><script>alert(1)</script><img src="https://t.test/p.gif">'
    row = send(person, writing=writing_of(person, html=html, text="của trình duyệt"))
    message = message_from_bytes(body_of(row), policy=policy.default)
    rich, plain = message.get_body(("html",)), message.get_body(("plain",))
    assert rich is not None
    assert plain is not None
    assert "<b>anh</b>" in rich.get_content()
    for bad in ("onclick", "script", "t.test"):
        assert bad not in rich.get_content()
    assert plain.get_content().strip() == "Chào anh"


def test_a_picture_in_the_text_travels_with_it(world: World) -> None:
    person = world.person()
    writing = writing_of(person)
    row = add_upload(
        identity_of(person), compose_id=writing.compose_id, name="p.png",
        content_type="image/png", size_bytes=4, chunks=[b"\x89PNG"], is_inline=True,
    )  # fmt: skip
    other = uuid4()
    html = f'<img src="cid:{row.key.hex}"><img src="cid:{other.hex}">'
    sent = send(person, writing=writing_of(person, compose_id=writing.compose_id, html=html))
    message = message_from_bytes(body_of(sent), policy=policy.default)
    rich = message.get_body(("html",))
    assert rich is not None
    assert f"cid:{row.key.hex}@" in rich.get_content()
    assert other.hex not in rich.get_content()
    assert b"Content-ID: <" + row.key.hex.encode() in body_of(sent)


def test_files_of_the_composer_travel_with_the_letter(world: World) -> None:
    person = world.person()
    writing = writing_of(person)
    add_upload(
        identity_of(person), compose_id=writing.compose_id, name="Phối màu.xlsx",
        content_type="application/x", size_bytes=3, chunks=[b"abc"],
    )  # fmt: skip
    row = send(person, writing=writing)
    [file] = message_from_bytes(body_of(row), policy=policy.default).iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Phối màu.xlsx", b"abc")


def test_a_file_that_is_gone_stops_the_letter_instead_of_leaving_it_out(world: World) -> None:
    person = world.person()
    writing = writing_of(person)
    row = add_upload(
        identity_of(person), compose_id=writing.compose_id, name="a.txt",
        content_type="text/plain", size_bytes=1, chunks=[b"x"],
    )  # fmt: skip
    path_of(row).unlink()
    with pytest.raises(FileMissing):
        send(person, writing=writing)
    assert not Submission.objects.filter(mailbox=person.box).exists()


def test_files_beyond_the_room_are_refused_on_arrival(world: World) -> None:
    person = world.person()
    identity, compose_id = identity_of(person), uuid4()
    room = room_for_files(stack().max_message_bytes)

    def add(size: int) -> None:
        add_upload(
            identity, compose_id=compose_id, name="a", content_type="x/y", size_bytes=size,
            chunks=[b"x"],
        )  # fmt: skip

    add(room - 10)
    with pytest.raises(FilesTooLarge):
        add(11)
    add(10)


def test_people_one_wrote_to_are_suggested_first(world: World) -> None:
    person = world.person(name="Bình")
    colleague = world.person(name="Lê Minh Khôi")
    send_message(
        identity_of(person),
        writing=writing_of(person),
        to=(Address("Lê Mai Phương", "phuong@banbuon.test"),),
    )
    send(person, "phuong@banbuon.test")
    found = suggestions(identity_of(person), "lê m")
    assert [(p.email, p.used_count, p.is_colleague) for p in found] == [
        ("phuong@banbuon.test", 2, False),
        (colleague.address, 0, True),
    ]
    assert found[0].name == "Lê Mai Phương"
    assert [p.email for p in suggestions(identity_of(person), "khoi")] == [colleague.address]
    assert CollectedAddress.objects.filter(mailbox=person.box).count() == 1


def test_suggestions_never_cross_to_another_company(world: World) -> None:
    from tests.world import make_world

    make_world().person(name="Lê Người Khác")
    assert suggestions(identity_of(world.person()), "Lê Người") == []
