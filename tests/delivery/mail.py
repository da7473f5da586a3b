"""Submissions as tests need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from delivery.models import Submission
from delivery.services.submit import submit

if TYPE_CHECKING:
    from tests.world import Person

# Rows that are committed wait until this day, so that the running worker leaves them to the test.
FAR_DAY = datetime(2100, 1, 1, tzinfo=UTC)
AFTER_FAR_DAY = datetime(2100, 1, 2, tzinfo=UTC)


def outgoing(person: Person, *recipients: str, **changes: Any) -> Submission:
    """Submit a small message of a person and return its row."""
    compose_id = changes.pop("compose_id", uuid4())
    message_id = f"<{compose_id}@{person.address.partition('@')[2]}>"
    values: dict[str, Any] = {
        "tenant": person.box.tenant,
        "mailbox": person.box,
        "mail_from": person.address,
        "recipients": recipients or ("anh@outside.test",),
        "mime": f"Message-ID: {message_id}\r\nSubject: x\r\n\r\nhello\r\n".encode(),
        "message_id": message_id,
        "compose_id": compose_id,
        "subject": "x",
    } | changes
    return submit(**values)
