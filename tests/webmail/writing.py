"""Letters as tests of writing need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from webmail.identity import MailIdentity
from webmail.message.address import Address
from webmail.message.writing import Writing
from webmail.services.send_message import send_message

if TYPE_CHECKING:
    from delivery.models import Submission
    from tests.world import Person


def identity_of(person: Person) -> MailIdentity:
    """Return the person's own mailbox, opened by him."""
    box = person.box
    return MailIdentity(box.pk, person.address, box.name, box.tenant_id, person.user.pk)


def writing_of(person: Person, **changes: Any) -> Writing:
    """Return a small letter of a person."""
    values: dict[str, Any] = {
        "compose_id": uuid4(),
        "sender": person.address,
        "to": "anh@outside.test",
        "subject": "Bảng giá",
        "text": "Chào anh,\nEm gửi bảng giá.",
    }
    return Writing(**(values | changes))


def send(person: Person, *to: str, writing: Writing | None = None, **more: Any) -> Submission:
    """Send a small letter; `bcc` and `cc` take lists of addresses."""
    return send_message(
        identity_of(person),
        writing=writing or writing_of(person),
        to=people(to or ("anh@outside.test",)),
        cc=people(more.pop("cc", ())),
        bcc=people(more.pop("bcc", ())),
        **more,
    )


def people(emails: Any) -> tuple[Address, ...]:
    """Return bare addresses."""
    return tuple(Address("", email) for email in emails)
