"""What delivery has to say on the overview: mail that is stuck, and what was sent today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.roles import Action
from delivery.selectors import backlog_of, sent_since
from portal.attention import AttentionRow, Figure
from portal.duration import since

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant


def rows(tenant: Tenant, actor: Actor) -> list[AttentionRow]:
    """Return what is stuck on its way out, of the tenant and those below. Two queries."""
    if not actor.may(Action.TRACE_VIEW):
        return []
    backlog = backlog_of(tenant)
    url = reverse("delivery:outgoing-list", args=[tenant.pk])
    found = []
    if backlog.oldest_at is not None:
        found.append(
            AttentionRow(
                "danger",
                ngettext(
                    "%(number)d message has not left for a while",
                    "%(number)d messages have not left for a while",
                    backlog.waiting,
                )
                % {"number": backlog.waiting},
                _("The oldest waits since %(age)s. Our own mail server does not take it.")
                % {"age": since(backlog.oldest_at)},
                f"{url}?show=waiting",
                _("Look"),
                "clock",
            )
        )
    if backlog.failed:
        found.append(
            AttentionRow(
                "warning",
                ngettext(
                    "%(number)d message could not be sent today",
                    "%(number)d messages could not be sent today",
                    backlog.failed,
                )
                % {"number": backlog.failed},
                _("The senders have them back in their drafts, with the reason."),
                f"{url}?show=refused",
                _("Look"),
                "x-circle",
            )
        )
    return found


def figures(tenant: Tenant, actor: Actor) -> list[Figure]:
    """Return how many messages left in the last 24 hours. One query."""
    if not actor.may(Action.TRACE_VIEW):
        return []
    return [
        Figure(
            _("Sent"),
            number_format(sent_since(tenant, hours=24)),
            _("in 24 hours"),
            reverse("delivery:outgoing-list", args=[tenant.pk]),
        )
    ]
