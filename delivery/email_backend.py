"""Django's way of sending mail, through our own outbox: invitations, notices, alerts."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING
from uuid import uuid4

from django.core.mail.backends.base import BaseEmailBackend

from delivery.services.submit import submit
from domains.names import parse_address
from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.mail import EmailMessage


class OutboxBackend(BaseEmailBackend):
    """Writes submissions in the current transaction: no commit, no mail.

    The envelope sender is always the operator's no-reply address, whatever `from_email` says.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Submit each message, by one query; return how many had a recipient. Raises NoOperator."""
        return sum(map(self._submit, email_messages))

    def _submit(self, message: EmailMessage) -> int:
        recipients = [str(parse_address(parseaddr(text)[1])) for text in message.recipients()]
        if not recipients:
            return 0
        rendered = message.message()
        submit(
            tenant=None,
            mailbox=None,
            mail_from=f"no-reply@{stack().operator_domain}",
            recipients=recipients,
            mime=rendered.as_bytes(linesep="\r\n"),  # type: ignore[call-arg]  # Django's own message class
            message_id=str(rendered["Message-ID"]),
            compose_id=uuid4(),
            subject=str(message.subject),
        )
        return 1
