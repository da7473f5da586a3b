"""Tells owners by mail, once for each crossing, that 80 or 95 per cent of their mailbox are in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.services.write_for import writing_for
from domains.models import Mailbox, MailboxStatus, QuotaNotice
from domains.models.usage_history import WARN_AT
from portal.config import stack

if TYPE_CHECKING:
    from django.db.models import QuerySet

BATCH = 200
ROOM_AGAIN = 10  # per cent below a level before the same level warns again
_LOW, _HIGH = WARN_AT


def warn_full(*, batch: int = BATCH) -> int:
    """Warn up to `batch` owners; return how many. Idempotent: the notice and its mail commit together."""
    _forget_where_there_is_room()
    return sum(_warn(pk) for pk in list(_to_warn().values_list("pk", flat=True)[:batch]))


def _to_warn() -> QuerySet[Mailbox]:
    """Return mailboxes past a level that their owner was not told about, with `level`."""
    level = Case(
        When(usage__bytes__gte=F("quota_bytes") * _HIGH / 100, then=Value(_HIGH)),
        default=Value(_LOW),
        output_field=IntegerField(),
    )
    return (
        Mailbox.objects.filter(quota_bytes__gt=0, usage__bytes__gte=F("quota_bytes") * _LOW / 100)
        .filter(status=MailboxStatus.ACTIVE)
        .annotate(level=level)
        .filter(Q(quota_notice=None) | Q(quota_notice__level__lt=F("level")))
        .order_by("pk")
    )


def _warn(mailbox_id: int) -> bool:
    with transaction.atomic():
        mailbox = (
            _to_warn()
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .select_related("address", "usage", "owner", "tenant")
            .filter(pk=mailbox_id)
            .first()
        )
        if mailbox is None:
            return False
        level: int = mailbox.level  # type: ignore[attr-defined]  # annotated by _to_warn
        QuotaNotice.objects.update_or_create(mailbox=mailbox, defaults={"level": level})
        _mail(mailbox)
    return True


def _mail(mailbox: Mailbox) -> None:
    percent = mailbox.usage.bytes * 100 // mailbox.quota_bytes
    with writing_for(mailbox.tenant, mailbox.owner):
        EmailMessage(
            subject=_("Your mailbox is %(percent)d %% full") % {"percent": percent},
            body=render_to_string(
                "domains/mail/nearly_full.txt",
                {
                    "mailbox": mailbox,
                    "percent": percent,
                    "url": f"{stack().url}/mail/",
                    "brand": stack().brand,
                },
            ),
            to=[mailbox.address.email],
        ).send()


def _forget_where_there_is_room() -> None:
    """Let a level warn anew once use fell well below it, or the quota grew."""
    notices = QuotaNotice.objects.all()
    roomy = Q(mailbox__usage__bytes__lt=F("mailbox__quota_bytes") * (_LOW - ROOM_AGAIN) / 100)
    doomed = notices.filter(roomy | Q(mailbox__quota_bytes=0)).values_list("pk", flat=True)
    notices.filter(pk__in=list(doomed)).delete()
    calmer = Q(mailbox__usage__bytes__lt=F("mailbox__quota_bytes") * (_HIGH - ROOM_AGAIN) / 100)
    high = notices.filter(calmer, level=_HIGH).values_list("pk", flat=True)
    notices.filter(pk__in=list(high)).update(level=_LOW)
