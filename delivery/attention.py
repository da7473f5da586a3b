"""What delivery has to say on the overview: mail that is stuck, what was sent, what may still be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.roles import Action
from delivery.limits import NEAR
from delivery.selectors import backlog_of, sending_windows
from portal.attention import AttentionRow, Figure, Overview, PlanMeter
from portal.duration import since
from portal.templatetags.ui import moment, number

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant
    from delivery.limits import Window
    from delivery.selectors import Backlog


def overview(tenant: Tenant, actor: Actor) -> Overview:
    """Return what is stuck on its way out, what left lately, and limits nearly used up.

    Two queries.
    """
    if not actor.may(Action.TRACE_VIEW):
        return Overview()
    backlog, windows = backlog_of(tenant), sending_windows(tenant.pk)
    rows = _stuck(tenant, backlog) + _near_limit(tenant, windows)
    return Overview(rows, _figures(tenant, backlog, windows))


def _stuck(tenant: Tenant, backlog: Backlog) -> list[AttentionRow]:
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


def _figures(tenant: Tenant, backlog: Backlog, windows: list[Window]) -> list[Figure]:
    """Return how many messages left in 24 hours, and what the plan counts."""
    return [
        Figure(
            _("Sent"),
            number(backlog.sent),
            _("in 24 hours"),
            reverse("delivery:outgoing-list", args=[tenant.pk]),
        ),
        *(
            Figure(
                _label(window),
                number(window.used),
                _("recipients"),
                of=number(window.allowed),
                percent=window.percent,
            )
            for window in windows
            if window.tenant_id == tenant.pk
        ),
    ]


def plan_meters(tenant: Tenant, actor: Actor) -> list[PlanMeter]:
    """Return what was sent against the limits of the tenant's own plan. One query."""
    if not actor.may(Action.TENANT_VIEW):
        return []
    return [
        PlanMeter(
            _label(window),
            window.used,
            window.allowed,
            _recipients(window.used),
            number(window.allowed),
        )
        for window in sending_windows(tenant.pk)
        if window.tenant_id == tenant.pk
    ]


def _near_limit(tenant: Tenant, windows: list[Window]) -> list[AttentionRow]:
    """Return each window of the own plan, and of those above, that is nearly or quite used up."""
    rows = []
    for window in windows:
        if not window.allowed or window.percent < NEAR:
            continue
        is_full = window.used >= window.allowed
        is_own = window.tenant_id == tenant.pk
        rows.append(
            AttentionRow(
                "danger" if is_full else "warning",
                str(_TITLES[(window.span, is_full)]),
                _text(window, is_full=is_full, is_own=is_own),
                reverse("delivery:outgoing-list", args=[tenant.pk]) + "?show=waiting",
                _("Look"),
                "send",
            )
        )
    return rows


_TITLES = {
    ("hour", False): gettext_lazy("The sending limit of this hour is nearly used up"),
    ("hour", True): gettext_lazy("The sending limit of this hour is used up"),
    ("day", False): gettext_lazy("The sending limit of today is nearly used up"),
    ("day", True): gettext_lazy("The sending limit of today is used up"),
}


def _text(window: Window, *, is_full: bool, is_own: bool) -> str:
    """Return the figures, and what follows. Those of a plan above are not the tenant's to know."""
    parts = []
    if is_own:
        parts.append(
            _("%(used)s of %(limit)s recipients.")
            % {"used": number(window.used), "limit": number(window.allowed)}
        )
    else:
        parts.append(_("It is that of your provider, shared with other customers."))
    if is_full:
        parts.append(
            _("New mail waits until %(time)s; mail programs are told to try again then.")
            % {"time": moment(window.ends_at)}
        )
    return " ".join(parts)


def _label(window: Window) -> str:
    return _("Sent this hour") if window.span == "hour" else _("Sent today")


def _recipients(count: int) -> str:
    return ngettext("%(number)s recipient", "%(number)s recipients", count) % {
        "number": number(count)
    }
