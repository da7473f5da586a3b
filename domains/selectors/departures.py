"""Plans of leavers, told as the steps that a page shows before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Window
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from domains.models import Departure, HandOver, Mailbox, MailboxStatus
from domains.names import show_address
from domains.selectors.search import seen
from portal.errors import NotFound
from portal.templatetags.ui import filesize, moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from accounts.models import Tenant
    from domains.selectors.groups import Joined


SHOWN_GROUPS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens. `done_at` None: not yet; `trouble`: why it has not worked so far."""

    icon: str
    title: str
    text: str
    due_at: datetime
    done_at: datetime | None = None
    trouble: str = ""


def departure_of(mailbox: Mailbox) -> Departure | None:
    """Return the plan for a mailbox; None when nobody made one."""
    return (
        Departure.objects.filter(mailbox=mailbox)
        .select_related("colleague", "colleague__address")
        .first()
    )


def handed_file(mailbox: Mailbox, departure_id: int) -> Departure:
    """Return the plan whose file the person of `mailbox` may download now. Raises NotFound."""
    found = (
        Departure.objects.filter(
            pk=departure_id,
            colleague=mailbox,
            hand_over=HandOver.FILE,
            file_until__gt=timezone.now(),
        )
        .select_related("mailbox", "mailbox__address", "tenant", "colleague__address")
        .first()
    )
    if found is None:
        raise NotFound
    return found


CLOSING_SOON = timedelta(days=7)


def closing_soon(tenant: Tenant, limit: int) -> tuple[list[Departure], int]:
    """Return plans of the tenant whose mailbox closes within CLOSING_SOON, and how many. One query.

    People who see only some domains get those of these domains.
    """
    rows: QuerySet[Departure] = (
        Departure.objects.filter(seen(tenant, "mailbox__address__domain"), tenant=tenant)
        .filter(close_due_at__lte=timezone.now() + CLOSING_SOON)
        .exclude(mailbox__status=MailboxStatus.DELETING)
        .select_related("mailbox", "mailbox__address")
        .annotate(total=Window(Count("pk")))
        .order_by("close_due_at", "pk")[:limit]
    )
    found = list(rows)
    return found, found[0].total if found else 0  # type: ignore[attr-defined]  # annotated


def steps_of(
    departure: Departure,
    *,
    programs: int = 0,
    groups: Sequence[Joined] = (),
    domain_ids: frozenset[int] | None = None,
) -> list[Step]:
    """Return the steps in order. `programs`: mail programs seen at the mailbox, which will end.

    Of `groups`, those at other domains than `domain_ids` (None: every domain) are only counted.
    """
    stop, done = departure.stop_due_at, departure.stopped_at
    ended = (
        ngettext(
            "%(n)d mail program loses its connection.",
            "%(n)d mail programs lose their connections.",
            programs,
        )
        % {"n": programs}
        if programs
        else ""
    )
    steps = [
        Step(
            "lock",
            _("Sign-in stops"),
            _("Open sessions end, nothing is sent any more; mail keeps arriving.")
            + (f" {ended}" if ended else ""),
            stop,
            done,
        ),
        *_hand_over(departure),
    ]
    if departure.reply_text:
        steps.append(
            Step(
                "reply",
                _("Senders get an answer"),
                ngettext(
                    "Each once in %(n)d day; lists and robots never.",
                    "Each once in %(n)d days; lists and robots never.",
                    departure.reply_every_days,
                )
                % {"n": departure.reply_every_days},
                stop,
                departure.replied_at,
            )
        )
    if departure.leave_groups:
        steps.append(_leaving(departure, groups, domain_ids))
    steps.append(_closing(departure))
    return sorted(steps, key=lambda step: step.due_at)


def _hand_over(departure: Departure) -> list[Step]:
    colleague = departure.colleague
    if departure.hand_over == HandOver.NOTHING or colleague is None:
        return []
    name, address = colleague.name, show_address(colleague.address.email)
    trouble = departure.copy_error if departure.stopped_at else ""
    steps = [
        Step(
            "forward",
            _("%(name)s gets new mail") % {"name": name},
            _("Forwarded to %(address)s; a copy stays here.") % {"address": address},
            departure.stop_due_at,
            departure.forwarded_at,
            trouble if departure.hand_over == HandOver.FORWARD else "",
        )
    ]
    if departure.hand_over == HandOver.COPY:
        steps.append(
            Step(
                "copy",
                _("%(name)s gets a copy of the old mail") % {"name": name},
                _("In a folder of its own, without Trash and Junk. It needs room there."),
                departure.stop_due_at,
                departure.copied_at,
                trouble,
            )
        )
    if departure.hand_over == HandOver.FILE:
        text = _("Every message as an .eml file in one archive, without Trash and Junk.")
        if departure.file_until:
            text += " " + _("Only %(name)s can download it, until %(day)s; it takes %(size)s.") % {
                "name": name,
                "day": moment(departure.file_until),
                "size": filesize(departure.file_bytes),
            }
        else:
            text += " " + _("Only %(name)s can download it, for 14 days.") % {"name": name}
        steps.append(
            Step(
                "download",
                _("%(name)s gets the old mail as a file") % {"name": name},
                text,
                departure.stop_due_at,
                departure.copied_at,
                trouble,
            )
        )
    if departure.forward_due_until:
        steps.append(
            Step(
                "x-circle",
                _("Forwarding ends"),
                _("New mail stays here, unread."),
                departure.forward_due_until,
                departure.forward_ended_at,
            )
        )
    return steps


def _leaving(
    departure: Departure, groups: Sequence[Joined], domain_ids: frozenset[int] | None
) -> Step:
    left = [one for one in groups if one.has_others]
    alone = [one for one in groups if not one.has_others]
    if departure.left_groups_at is None:
        text = _("Today: %(groups)s. It counts who is a member on that day.")
        text %= {"groups": _names(left, domain_ids)}
    else:
        text = _names(left, domain_ids)
    if alone:
        text += " " + (
            _("It stays in %(groups)s, which nobody else reads, until it closes.")
            % {"groups": _names(alone, domain_ids)}
        )
    return Step(
        "user-minus", _("Out of the groups"), text, departure.stop_due_at, departure.left_groups_at
    )


def _names(groups: Sequence[Joined], domain_ids: frozenset[int] | None) -> str:
    inside = [one for one in groups if domain_ids is None or one.domain_id in domain_ids]
    shown = [show_address(one.email) for one in inside[:SHOWN_GROUPS]]
    if more := len(groups) - len(shown):
        shown.append(ngettext("%(n)d more group", "%(n)d more groups", more) % {"n": more})
    return ", ".join(shown) or _("none")


def _closing(departure: Departure) -> Step:
    text = _("The mailbox is deleted and its address becomes free.")
    if departure.archive_days:
        text += " " + (
            ngettext(
                "An archive is kept for %(n)d day; the operator can restore it.",
                "An archive is kept for %(n)d days; the operator can restore it.",
                departure.archive_days,
            )
            % {"n": departure.archive_days}
        )
    return Step("archive", _("Mailbox closes"), text, departure.close_due_at)
