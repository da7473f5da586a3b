"""Plans what happens when somebody leaves, and takes the plan back as long as that is possible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.errors import NotAllowed
from accounts.models import Feature, User
from accounts.policy import require, require_over
from accounts.roles import Action
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from accounts.services.suspend_person import resume_person
from domains.errors import DepartureExists, TargetRefused
from domains.models import Departure, HandOver, Mailbox, MailboxStatus, MailboxUsage
from domains.names import stored_address
from domains.services.hold_mailbox import hold_mailbox
from domains.services.leave_groups import rejoin_groups
from domains.services.read_targets import lock_forwarding, refuse_loops
from domains.services.require_feature import require_feature
from domains.services.set_auto_reply import end_auto_reply, read_reply
from domains.services.suspend_mailbox import resume_mailbox
from portal.errors import InvalidInput, NotFound
from portal.nudge import after_commit
from portal.templatetags.ui import filesize

CLOSE_CHOICES = (30, 60, 90, 180)  # days after the last day
ARCHIVE_CHOICES = (0, 90, 365)  # days the archive is kept
MAX_FILE_BYTES = 20_000_000_000  # of old mail handed over as a file
TASK = "domains.run_departures"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was chosen. `colleague` is the address of a mailbox of the tenant; empty: nobody."""

    stop_due_at: datetime
    close_days: int
    hand_over: HandOver
    colleague: str = ""
    forward_days: int = 0  # 0: until the mailbox closes
    reply_text: str = ""
    reply_every_days: int = 7
    archive_days: int = 0
    leave_groups: bool = False


def draft_departure(*, actor: Actor, mailbox: Mailbox, wishes: Wishes) -> Departure:
    """Return the plan as a row that is not saved, for a page to show before anything happens.

    Raises TargetRefused and NameRefused on `colleague`, InvalidInput on its field, NotAllowed.
    """
    _require(actor, mailbox)
    if wishes.close_days not in CLOSE_CHOICES or wishes.archive_days not in ARCHIVE_CHOICES:
        raise InvalidInput(_("Choose one of the periods offered."), field="close_days")
    if not 0 <= wishes.forward_days <= wishes.close_days:
        raise InvalidInput(
            _("Mail can be handed on until the mailbox closes, not longer."), field="forward_days"
        )
    reply = read_reply(wishes.reply_text) if wishes.reply_text.strip() else ""
    if reply:
        require_feature(mailbox.tenant, Feature.AUTO_REPLY, field="reply_text")
    colleague = None
    if wishes.hand_over != HandOver.NOTHING:
        colleague = _colleague(mailbox, wishes.colleague)
    if wishes.hand_over == HandOver.FILE:
        _require_file(mailbox, colleague)
    stop_at = max(wishes.stop_due_at, timezone.now())
    return Departure(
        mailbox=mailbox,
        tenant=mailbox.tenant,
        planned_by=actor.name[:254],
        stop_due_at=stop_at,
        hand_over=wishes.hand_over,
        colleague=colleague,
        forward_due_until=stop_at + timedelta(days=wishes.forward_days)
        if wishes.forward_days and colleague
        else None,
        reply_text=reply,
        reply_every_days=wishes.reply_every_days,
        archive_days=wishes.archive_days,
        leave_groups=wishes.leave_groups,
        close_due_at=stop_at + timedelta(days=wishes.close_days),
    )


def plan_departure(*, actor: Actor, mailbox: Mailbox, wishes: Wishes) -> Departure:
    """Save the plan; what is due begins at once. Raises DepartureExists and as `draft_departure`."""
    with transaction.atomic():
        held = hold_mailbox(mailbox)
        departure = draft_departure(actor=actor, mailbox=held, wishes=wishes)
        try:
            with transaction.atomic():
                departure.save(force_insert=True)
        except IntegrityError as exc:
            raise DepartureExists from exc
        record_audit(
            actor,
            held.tenant,
            action="mailbox.leaver",
            target=("mailbox", held.pk, held.address.email),
            changes=_changes(departure),
        )
        after_commit(TASK)
    return departure


def cancel_departure(*, actor: Actor, mailbox: Mailbox) -> int:
    """Bring everything back as it was; a copy that a colleague got stays with him.

    Returns how many groups cannot have their member again: they are gone or full, or mail would go
    in circles. Raises NotFound without a plan or once the mailbox is being deleted, NotAllowed.
    """
    _require(actor, mailbox)
    with transaction.atomic():
        lock_forwarding(mailbox.tenant)
        held = hold_mailbox(mailbox, may_be_deleting=True)
        departure = Departure.objects.select_for_update(of=("self",)).filter(mailbox=held).first()
        if departure is None or held.status == MailboxStatus.DELETING:
            raise NotFound
        lost = _bring_back(departure, held)
        departure.delete()
        record_audit(
            actor,
            held.tenant,
            action="mailbox.leaver_undone",
            target=("mailbox", held.pk, held.address.email),
        )
    return lost


def _bring_back(departure: Departure, mailbox: Mailbox) -> int:
    system = Actor.system(mailbox.tenant)
    if departure.replied_at:
        end_auto_reply(actor=system, mailbox=mailbox)
    if departure.forwarded_at and not departure.forward_ended_at:
        give_forwarding_back(departure, mailbox)
    if departure.stopped_at:
        if departure.mailbox_was_active:
            resume_mailbox(actor=system, mailbox=mailbox)
        owner = User.objects.filter(pk=mailbox.owner_id or 0, suspended_at__isnull=False).first()
        if departure.person_was_active and owner is not None:
            resume_person(actor=system, person=owner)
    return rejoin_groups(mailbox, departure.groups_left)


def give_forwarding_back(departure: Departure, mailbox: Mailbox) -> None:
    """Take the colleague out of the forwarding again, inside the caller's transaction.

    Hold `lock_forwarding`. What somebody else set meanwhile stays; what is gone by now or would
    lead in circles is left out.
    """
    held = hold_mailbox(mailbox, may_be_deleting=True)
    before = held.forward_to
    colleague = departure.colleague.address.email if departure.colleague else ""
    if before == list(dict.fromkeys([*departure.forward_before, colleague])):
        wanted = [one for one in departure.forward_before if _still_leads_on(held, one)]
        keep_copy = departure.keep_copy_before
    else:
        wanted, keep_copy = [one for one in before if one != colleague], held.keep_copy
    if wanted == before:
        return
    held.forward_to, held.keep_copy = wanted, keep_copy or not wanted
    held.version += 1
    held.save(update_fields=["forward_to", "keep_copy", "version"])
    note_access_change(address=held.address.email, mailbox_id=held.pk)
    record_audit(
        Actor.system(held.tenant),
        held.tenant,
        action="mailbox.forward",
        target=("mailbox", held.pk, held.address.email),
        changes={"forward_to": [before, held.forward_to]},
    )


def _still_leads_on(mailbox: Mailbox, target: str) -> bool:
    try:
        refuse_loops(mailbox.address.email, [target], mailbox.tenant)
    except TargetRefused:
        return False
    return True


def _require(actor: Actor, mailbox: Mailbox) -> None:
    """The plan ends in a deletion and keeps a person out: it needs the right to both."""
    about = {mailbox.address.domain_id}
    if mailbox.owner is not None:  # the person is kept out of all his mailboxes
        about |= set(mailbox.owner.mailboxes.values_list("address__domain_id", flat=True))
    require(actor, Action.MAILBOX_DELETE, mailbox.tenant, domain_ids=about)
    if mailbox.owner is None:
        return
    require_over(actor, mailbox.owner)
    if actor.user is not None and actor.user.pk == mailbox.owner.pk:
        raise NotAllowed


def _colleague(mailbox: Mailbox, address: str) -> Mailbox:
    wanted = stored_address(address, field="colleague")
    found = (
        Mailbox.objects.filter(tenant=mailbox.tenant, address__email=wanted)
        .exclude(pk=mailbox.pk)
        .exclude(status=MailboxStatus.DELETING)
        .select_related("address")
        .first()
    )
    if found is None:
        raise TargetRefused(_("Choose the mailbox of a colleague here."), field="colleague")
    return found


def _require_file(mailbox: Mailbox, colleague: Mailbox | None) -> None:
    if colleague is None or colleague.owner_id is None:
        raise TargetRefused(
            _("Nobody signs in to a shared mailbox, so nobody could download the file there."),
            field="colleague",
        )
    usage = MailboxUsage.objects.filter(mailbox=mailbox).first()
    if usage is not None and usage.bytes > MAX_FILE_BYTES:
        raise InvalidInput(
            _("A file holds at most %(most)s; this mailbox has %(used)s. Hand over a copy instead.")
            % {"most": filesize(MAX_FILE_BYTES), "used": filesize(usage.bytes)},
            field="hand_over",
        )


def _changes(departure: Departure) -> dict[str, Any]:
    colleague = departure.colleague
    return {
        "stop_due_at": ["", departure.stop_due_at.isoformat()],
        "close_due_at": ["", departure.close_due_at.isoformat()],
        "hand_over": ["", str(departure.hand_over)],
        "colleague": ["", colleague.address.email if colleague else ""],
        "archive_days": [0, departure.archive_days],
        "leave_groups": [False, departure.leave_groups],
    }
