"""Notes that the old mail of a leaver reached the colleague, and lets him take it where it is a file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services.record_audit import record_audit
from accounts.services.write_for import writing_for
from domains.models import Departure, HandOver
from portal.config import stack
from portal.errors import NotFound
from portal.templatetags.ui import moment

if TYPE_CHECKING:
    from domains.models import Mailbox

FILE_LIFE = timedelta(days=14)


def note_handed_over(*, departure: Departure, messages: int, file_bytes: int = 0) -> bool:
    """Write down that the copy, or the file, is there; of a file the colleague is told by mail.

    Returns whether the plan still is. The letter and the row that says so commit together.
    """
    now = timezone.now()
    is_file = departure.hand_over == HandOver.FILE
    changes = {"file_until": now + FILE_LIFE, "file_bytes": file_bytes} if is_file else {}
    with transaction.atomic():
        rows = Departure.objects.filter(pk=departure.pk)
        if not rows.update(copied_at=now, copy_error="", **changes):
            return False
        colleague = departure.colleague
        record_audit(
            Actor.system(departure.tenant),
            departure.tenant,
            action="mailbox.file" if is_file else "mailbox.copy",
            target=("mailbox", departure.mailbox_id, departure.mailbox.address.email),
            changes={
                "colleague": ["", colleague.address.email if colleague else ""],
                "messages": messages,
            },
        )
        if is_file and colleague is not None:
            _tell(departure, colleague, now + FILE_LIFE)
    return True


def take_file(*, actor: Actor, departure: Departure) -> str:
    """Write down that the colleague fetches the file; return the name it is saved under.

    Raises NotFound for everybody else, whatever his role.
    """
    colleague = departure.colleague
    if actor.user is None or colleague is None or colleague.owner_id != actor.user.pk:
        raise NotFound
    address = departure.mailbox.address.email
    record_audit(
        actor,
        departure.tenant,
        action="mailbox.file_taken",
        target=("mailbox", departure.mailbox_id, address),
        changes={"colleague": ["", colleague.address.email]},
    )
    return f"{address}.zip"


def _tell(departure: Departure, colleague: Mailbox, until: datetime) -> None:
    with writing_for(departure.tenant, colleague.owner):
        EmailMessage(
            subject=_("The mail of %(name)s is ready for you") % {"name": departure.mailbox.name},
            body=render_to_string(
                "domains/mail/mail_file.txt",
                {
                    "colleague": colleague,
                    "departure": departure,
                    "until": moment(until),
                    "url": f"{stack().url}/mail/{colleague.pk}/handed/{departure.pk}/",
                    "brand": stack().brand,
                },
            ),
            to=[colleague.address.email],
        ).send()
