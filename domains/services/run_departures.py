"""Carries out the steps of leavers' plans that are due; each step is recorded, so it happens once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.services.suspend_person import suspend_person
from domains.errors import BeingDeleted, TargetRefused
from domains.models import WITH_OLD_MAIL, Departure, HandOver, Mailbox, MailboxStatus
from domains.services.delete_mailbox import delete_mailbox
from domains.services.hold_mailbox import hold_mailbox
from domains.services.leave_groups import leave_groups
from domains.services.plan_departure import give_forwarding_back
from domains.services.read_targets import lock_forwarding
from domains.services.set_auto_reply import set_auto_reply
from domains.services.set_forwarding import set_forwarding
from domains.services.suspend_mailbox import suspend_mailbox
from portal.errors import InvalidInput, LimitReached, NotFound, PortalError

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

BATCH = 50
# the colleague still waits for his copy or file: nothing is deleted before
_WAITS = Q(hand_over__in=WITH_OLD_MAIL, colleague__isnull=False, copied_at=None)
_STEPS = [  # what a run may write; the agent writes the rest beside us
    "stopped_at",
    "person_was_active",
    "mailbox_was_active",
    "forwarded_at",
    "forward_before",
    "keep_copy_before",
    "forward_ended_at",
    "replied_at",
    "left_groups_at",
    "groups_left",
]


def run_departures(*, batch: int = BATCH) -> int:
    """Do what is due, at most `batch` plans; return how many were touched. Idempotent."""
    now = timezone.now()
    due = (
        Departure.objects.filter(
            Q(stopped_at=None, stop_due_at__lte=now)
            | Q(close_due_at__lte=now) & ~_waits(now)
            | Q(forward_due_until__lte=now, forwarded_at__isnull=False, forward_ended_at=None)
        )
        .exclude(mailbox__status=MailboxStatus.DELETING)
        .order_by("stop_due_at")
        .values_list("pk", flat=True)[:batch]
    )
    done = 0
    for departure_id in list(due):
        try:
            done += _run(departure_id, now)
        except PortalError as exc:
            # One plan that cannot be carried out holds up nobody else's.
            logger.exception("departure not carried out", extra={"departure": departure_id})
            Departure.objects.filter(pk=departure_id).update(copy_error=str(exc.message)[:500])
    return done


def _run(departure_id: int, now: datetime) -> int:
    with transaction.atomic():
        rows = Departure.objects.select_related("mailbox", "mailbox__owner", "tenant")
        known = rows.filter(pk=departure_id).first()
        if known is None:
            return 0
        # tenants, then the mailbox, then the plan: as everybody who changes one of them
        lock_forwarding(known.tenant)
        try:
            mailbox = hold_mailbox(known.mailbox)
        except (NotFound, BeingDeleted):
            return 0
        departure = rows.select_for_update(of=("self",)).filter(pk=departure_id).first()
        if departure is None:
            return 0
        if departure.stopped_at is None and departure.stop_due_at <= now:
            _stop(departure, mailbox)
            _hand_over(departure, mailbox)
            _answer(departure, mailbox)
            _leave_groups(departure, mailbox)
        if (
            departure.forward_due_until is not None
            and departure.forward_due_until <= now
            and departure.forwarded_at
            and not departure.forward_ended_at
        ):
            give_forwarding_back(departure, mailbox)
            departure.forward_ended_at = now
        departure.save(update_fields=_STEPS)
        if departure.close_due_at <= now and not _waits_for_colleague(departure, now):
            delete_mailbox(actor=Actor.system(mailbox.tenant), mailbox=mailbox, grace_days=0)
    return 1


def _waits(now: datetime) -> Q:
    return _WAITS | Q(colleague__isnull=False, file_until__gt=now)


def _waits_for_colleague(departure: Departure, now: datetime) -> bool:
    return Departure.objects.filter(_waits(now), pk=departure.pk).exists()


def _stop(departure: Departure, mailbox: Mailbox) -> None:
    system = Actor.system(mailbox.tenant)
    departure.mailbox_was_active = mailbox.status == MailboxStatus.ACTIVE
    suspend_mailbox(actor=system, mailbox=mailbox)
    owner = departure.mailbox.owner
    departure.person_was_active = owner is not None and owner.suspended_at is None
    if owner is not None and owner.suspended_at is None:
        suspend_person(actor=system, person=owner)
    departure.stopped_at = timezone.now()


def _hand_over(departure: Departure, mailbox: Mailbox) -> None:
    colleague = (
        Mailbox.objects.select_related("address").filter(pk=departure.colleague_id or 0).first()
    )
    if departure.hand_over == HandOver.NOTHING or colleague is None:
        return
    departure.forward_before, departure.keep_copy_before = mailbox.forward_to, mailbox.keep_copy
    targets = [*mailbox.forward_to, colleague.address.email]
    try:
        set_forwarding(
            actor=Actor.system(mailbox.tenant),
            mailbox=mailbox,
            targets=list(dict.fromkeys(targets)),
            keep_copy=True,
        )
    except (TargetRefused, NotFound) as exc:
        # The colleague's own forwarding leads back here: sign-in stops all the same, and the page says it.
        logger.warning("departure without forwarding", extra={"departure": departure.pk})
        Departure.objects.filter(pk=departure.pk).update(copy_error=str(exc.message)[:500])
        return
    departure.forwarded_at = timezone.now()


def _leave_groups(departure: Departure, mailbox: Mailbox) -> None:
    if departure.leave_groups:
        departure.groups_left = leave_groups(mailbox)
        departure.left_groups_at = timezone.now()


def _answer(departure: Departure, mailbox: Mailbox) -> None:
    if not departure.reply_text:
        return
    try:
        set_auto_reply(
            actor=Actor.system(mailbox.tenant),
            mailbox=mailbox,
            text=departure.reply_text,
            every_days=departure.reply_every_days,
        )
    except (InvalidInput, LimitReached) as exc:
        # The plan changed meanwhile: sign-in stops all the same, and the page says it.
        logger.warning("departure without reply", extra={"departure": departure.pk})
        Departure.objects.filter(pk=departure.pk).update(copy_error=str(exc.message)[:500])
        return
    departure.replied_at = timezone.now()
