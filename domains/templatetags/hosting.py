"""Badges of domains, records and mailboxes, and live DNS values with what is wrong struck out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from domains.dns.difference import difference
from domains.dns.verdict import Reason
from domains.dns.words import domain_state, title
from domains.models import ConsentState, DomainStatus, MailboxStatus, Verdict
from domains.names import show_address, show_domain
from domains.selectors.consents import PASSED_ON
from portal.duration import since
from portal.templatetags.ui import badge

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

    from domains.dns.difference import Part
    from domains.models import Domain, Mailbox
    from domains.selectors.dns import RecordView

register = template.Library()
register.filter("shown_domain", show_domain)
register.filter("record_title", title)
register.filter("shown_address", show_address)


@register.filter
def ago(value: datetime | None) -> str:
    """Return how long ago something was: «4 minutes ago», «just now»."""
    if value is None:
        return ""
    if timezone.now() - value < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": since(value)}


_VERDICTS = {
    Verdict.MATCH.value: ("success", "check-circle", ""),
    Verdict.MISSING.value: ("danger", "x-circle", ""),
    Verdict.CONFLICT.value: ("warning", "warning", ""),
    Verdict.UNKNOWN.value: ("neutral", "unknown", "badge--unknown"),
}


@register.simple_tag
def domain_badge(domain: Domain) -> SafeString:
    """Return the badge that sums a domain up."""
    if domain.status == DomainStatus.DELETING:
        return badge("danger", _("Being deleted"), "trash")
    tone, words, icon, css = domain_state(
        is_pending=domain.status == DomainStatus.PENDING,
        is_suspended=domain.status == DomainStatus.SUSPENDED,
        is_checked=domain.checked_at is not None,
        was_here=domain.mx_seen_at is not None,
        worst=domain.dns_worst,
        unknown=domain.dns_unknown,
    )
    return badge(tone, words, icon, css)


@register.simple_tag
def verdict_badge(verdict: str) -> SafeString:
    """Return the badge of a record's verdict; empty means that nobody has asked yet."""
    if verdict not in _VERDICTS:
        return badge("neutral", _("Waiting"), "clock")
    tone, icon, css = _VERDICTS[verdict]
    return badge(tone, str(Verdict(verdict).label), icon, css)


@register.simple_tag
def check_badge(state: str) -> SafeString:
    """Return the badge of a check that is good, bad or unknown."""
    words = {
        "good": ("success", _("In order"), "check-circle", ""),
        "bad": ("danger", _("To repair"), "x-circle", ""),
    }
    return badge(*words.get(state, ("neutral", _("Unknown"), "unknown", "badge--unknown")))


@register.simple_tag
def consent_badge(state: ConsentState) -> SafeString:
    """Return the badge of what somebody outside said."""
    if state in PASSED_ON:
        return badge("success", str(state.label), "check-circle")
    if state == ConsentState.STOPPED:
        return badge("danger", str(state.label), "x-circle")
    return badge("warning", str(state.label), "clock")


@register.simple_tag
def mailbox_badge(mailbox: Mailbox) -> SafeString:
    """Return the badge of a mailbox's state."""
    if mailbox.status == MailboxStatus.DELETING:
        return badge("danger", _("Being deleted"), "trash")
    if mailbox.status == MailboxStatus.SUSPENDED:
        return badge("neutral", _("Suspended"), "pause")
    if mailbox.owner_id is None:
        return badge("info", _("Shared"), "users")
    return badge("success", _("Active"), "check-circle")


@register.simple_tag
def live_value(record: RecordView, value: str) -> SafeString:
    """Return a live value; what differs from the expected one is struck out."""
    if record.verdict != Verdict.CONFLICT:
        return format_html("{}", value)
    if record.code == "spf":
        return format_html_join(" ", "{}", ((_spf_term(record, t),) for t in value.split()))
    return _marked(difference(record.expected.value, value)[1], "del")


@register.simple_tag
def expected_value(record: RecordView) -> SafeString:
    """Return the expected value; what the live one lacks is marked."""
    if record.verdict != Verdict.CONFLICT or record.code == "spf" or len(record.observed) != 1:
        return format_html("{}", record.expected.value)
    return _marked(difference(record.expected.value, record.observed[0])[0], "ins")


def _spf_term(record: RecordView, term: str) -> SafeString:
    is_all = term.lower().lstrip("+-~?") == "all"
    if is_all and record.detail in {Reason.SPF_OPEN, Reason.SPF_AFTER_ALL}:
        return format_html("<del>{}</del>", term)
    return format_html("{}", term)


def _marked(parts: list[Part], mark: str) -> SafeString:
    pieces = {"del": "<del>{}</del>", "ins": "<ins>{}</ins>"}
    return format_html_join(
        "", "{}", ((format_html(pieces[mark] if p.differs else "{}", p.text),) for p in parts)
    )
