"""Reminds the admins by mail, once for each plan, that the mailbox of somebody who left closes soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.selectors import admins_of
from accounts.services.write_for import writing_for
from domains.models import Departure, MailboxStatus
from domains.selectors.departures import CLOSING_SOON
from portal.config import stack
from portal.templatetags.ui import moment

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

BATCH = 100


def remind_departures(*, batch: int = BATCH) -> int:
    """Write the letters that are due, for at most `batch` plans; return for how many. Idempotent."""
    return sum(_remind(pk) for pk in list(_due().values_list("pk", flat=True)[:batch]))


def _due() -> QuerySet[Departure]:
    return (
        Departure.objects.filter(close_due_at__lte=timezone.now() + CLOSING_SOON, reminded_at=None)
        .exclude(mailbox__status=MailboxStatus.DELETING)
        .order_by("close_due_at")
    )


def _remind(departure_id: int) -> bool:
    with transaction.atomic():
        departure = (
            _due()
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .select_related("mailbox", "mailbox__address", "tenant", "colleague__address")
            .filter(pk=departure_id)
            .first()
        )
        if departure is None:
            return False
        departure.reminded_at = timezone.now()
        departure.save(update_fields=["reminded_at"])
        domain_id = departure.mailbox.address.domain_id
        for person in admins_of(departure.tenant, domain_id=domain_id):
            _mail(person, departure)
    return True


def _mail(person: User, departure: Departure) -> None:
    tenant, mailbox = departure.tenant, departure.mailbox
    with writing_for(tenant, person):
        EmailMessage(
            subject=_("The mailbox of %(name)s closes soon") % {"name": mailbox.name},
            body=render_to_string(
                "domains/mail/closing_soon.txt",
                {
                    "person": person,
                    "departure": departure,
                    "closes_at": moment(departure.close_due_at),
                    "url": stack().url
                    + reverse("domains:mailbox-leaver", args=[tenant.pk, mailbox.pk]),
                    "brand": stack().brand,
                },
            ),
            to=[person.email],
        ).send()
