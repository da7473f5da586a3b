"""What stands in From and Sender when a letter goes out for another address."""

from __future__ import annotations

import email
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from accounts.actor import Actor
from delivery.models import SubmissionBody
from domains.models import Access, Mailbox, Sends
from domains.services.set_grant import set_grant
from tests.webmail.writing import identity_of
from tests.world import unique
from webmail.errors import NotYourAddress, SendingNotGranted
from webmail.message.address import Address
from webmail.message.writing import Writing
from webmail.selectors.mailboxes import own_mailbox
from webmail.selectors.senders import senders_of
from webmail.services.send_message import send_message

if TYPE_CHECKING:
    from email.message import Message

    from domains.models import Grant
    from tests.world import Person, World
    from webmail.identity import MailIdentity

TO = (Address("", "an@partner.test"),)


def shared(world: World) -> Mailbox:
    person = world.person(unique("lienhe"), name="Liên hệ")
    Mailbox.objects.filter(pk=person.box.pk).update(owner=None)
    return Mailbox.objects.select_related("address__tenant").get(pk=person.box.pk)


def give(world: World, box: Mailbox, person: Person, **what: str) -> Grant | None:
    return set_grant(
        actor=Actor.system(world.tenant), address=box.address, grantee=person.address, **what
    )


def send(identity: MailIdentity, sender: str) -> Message:
    letter = Writing(
        compose_id=uuid4(), sender=sender, to="an@partner.test", subject="Thử", text="Chào anh."
    )
    submission = send_message(identity, writing=letter, to=TO)
    assert submission.mail_from == sender
    return email.message_from_bytes(bytes(SubmissionBody.objects.get(submission=submission).mime))


def test_a_letter_as_the_address_names_nobody_else(world: World) -> None:
    box, binh = shared(world), world.person("binh")
    give(world, box, binh, sends=Sends.AS)
    message = send(identity_of(binh), box.address.email)
    assert box.address.email in message["From"]
    assert message["Sender"] is None


def test_a_letter_on_behalf_names_who_wrote_it(world: World) -> None:
    box, binh = shared(world), world.person("binh")
    give(world, box, binh, access=Access.WRITE, sends=Sends.BEHALF)
    for identity in (identity_of(binh), own_mailbox(binh.user, box.pk)):
        message = send(identity, box.address.email)
        assert box.address.email in message["From"]
        assert binh.address in message["Sender"]


def test_who_was_given_nothing_cannot_name_the_address(world: World) -> None:
    box, binh, chi = shared(world), world.person("binh"), world.person("chi")
    give(world, box, chi, sends=Sends.AS)
    assert [one.email for one in senders_of(identity_of(binh))] == [binh.address]
    with pytest.raises(NotYourAddress):
        send(identity_of(binh), box.address.email)


def test_a_member_who_only_reads_is_told_that_he_cannot_send(world: World) -> None:
    box, binh = shared(world), world.person("binh")
    give(world, box, binh, access=Access.READ)
    with pytest.raises(SendingNotGranted):
        send(own_mailbox(binh.user, box.pk), box.address.email)


def test_an_address_taken_away_leaves_the_chooser(world: World) -> None:
    box, binh = shared(world), world.person("binh")
    give(world, box, binh, sends=Sends.AS)
    assert len(senders_of(identity_of(binh))) == 2
    give(world, box, binh)
    assert len(senders_of(identity_of(binh))) == 1


def test_a_suspended_shared_mailbox_gives_nothing(world: World) -> None:
    box, binh = shared(world), world.person("binh")
    give(world, box, binh, access=Access.WRITE, sends=Sends.AS)
    Mailbox.objects.filter(pk=box.pk).update(status="suspended")
    assert [one.email for one in senders_of(identity_of(binh))] == [binh.address]
