"""Takes a finished message for sending, inside the caller's transaction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import DEFAULT_DB_ALIAS, connection
from django.utils import timezone

from accounts.models import TenantKind
from delivery.errors import NoOperator
from delivery.models import OutcomeState, Submission, SubmissionState
from portal.nudge import after_commit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import Tenant
    from domains.models import Mailbox

_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # printable ASCII but < and >

# No row: the click is a repeated one, or there is no operator yet.
_SQL = """
WITH taken AS (
  INSERT INTO delivery_submission
    (tenant_id, mailbox_id, compose_id, message_id, mail_from, subject, size_bytes, state, due_at,
     created_at, attempts, queue_id, reply_text)
  SELECT t.id, %(mailbox)s, %(compose_id)s, %(message_id)s, %(mail_from)s, %(subject)s,
         %(size_bytes)s, %(state)s, %(due_at)s, %(now)s, 0, '', ''
    FROM accounts_tenant t
   WHERE t.id = coalesce(
           %(tenant)s,
           (SELECT id FROM accounts_tenant WHERE kind = %(operator)s ORDER BY id LIMIT 1))
      ON CONFLICT (mailbox_id, compose_id) DO NOTHING
  RETURNING id, tenant_id
), body AS (
  INSERT INTO delivery_submissionbody (submission_id, mime) SELECT id, %(mime)s FROM taken
), outcomes AS (
  INSERT INTO delivery_outcome (submission_id, recipient, state, enhanced_code, reply_text, relay)
  SELECT taken.id, r.email, %(pending)s, '', '', ''
    FROM taken, unnest(%(recipients)s::text[]) WITH ORDINALITY AS r (email, place)
   ORDER BY r.place
)
SELECT id, tenant_id FROM taken
"""


def submit(
    *,
    tenant: Tenant | None,
    mailbox: Mailbox | None,
    mail_from: str,
    recipients: Sequence[str],
    mime: bytes,
    message_id: str,
    compose_id: UUID,
    subject: str,
    due_at: datetime | None = None,
) -> Submission:
    """Store the message, its envelope and one row per recipient; nothing is sent here. One query.

    Without `tenant` it is the operator's own. Repeating a `compose_id` of the same mailbox returns
    the row of the first time, unchanged. With a `due_at` in the future the row is held until then.
    Raises ValueError for what no form lets through: no recipient, line ends other than CRLF, NUL,
    addresses outside ASCII; NoOperator.
    """
    _check(mail_from, recipients, mime)
    now = timezone.now()
    submission = Submission(
        mailbox=mailbox,
        compose_id=compose_id,
        message_id=message_id,
        mail_from=mail_from,
        subject=subject[:998],
        size_bytes=len(mime),
        state=SubmissionState.HELD if due_at and due_at > now else SubmissionState.QUEUED,
        due_at=due_at or now,
        created_at=now,
    )
    if not _insert(submission, tenant, mime, recipients):
        if mailbox is None:
            raise NoOperator
        return Submission.objects.get(mailbox=mailbox, compose_id=compose_id)
    if submission.state == SubmissionState.QUEUED:  # the sweeper sees to what is held
        after_commit("delivery.deliver")
    return submission


def _insert(
    submission: Submission, tenant: Tenant | None, mime: bytes, recipients: Sequence[str]
) -> bool:
    """Insert it with all that hangs on it; False when no row came of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "tenant": tenant.pk if tenant else None,
                "operator": TenantKind.OPERATOR,
                "mailbox": submission.mailbox_id,
                "compose_id": submission.compose_id,
                "message_id": submission.message_id,
                "mail_from": submission.mail_from,
                "subject": submission.subject,
                "size_bytes": submission.size_bytes,
                "state": submission.state,
                "due_at": submission.due_at,
                "now": submission.created_at,
                "mime": mime,
                "recipients": list(dict.fromkeys(recipients)),
                "pending": OutcomeState.PENDING,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return False
    submission.pk, submission.tenant_id = row
    submission._state.adding, submission._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001  as save() does
    return True


def _check(mail_from: str, recipients: Sequence[str], mime: bytes) -> None:
    if not recipients:
        raise ValueError("no recipient")
    for address in (*recipients, *([mail_from] if mail_from else [])):
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"not an address: {address!r}")
    if _STRAY.search(mime):
        raise ValueError("the message holds a stray CR, LF or NUL")
