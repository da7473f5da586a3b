"""Tells the admins of a tenant by mail that a domain's DNS changed, once two looks have seen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.selectors import admins_of
from accounts.services.write_for import writing_for
from domains.dns.words import title
from domains.models import DnsCheck, DnsRecordState, DomainStatus, Verdict
from domains.names import show_domain
from portal.config import stack

if TYPE_CHECKING:
    from accounts.models import User

_BAD = (Verdict.MISSING, Verdict.CONFLICT)
_SHOWN = 100  # characters of what is there now


@dataclass(frozen=True, slots=True)
class Turn:
    """A record that was one thing, and is another."""

    record: str
    was: Verdict
    now: Verdict
    observed: str

    @property
    def title(self) -> str:
        """The record's name."""
        return title(self.record)

    @property
    def before(self) -> str:
        """The old verdict in a word."""
        return str(self.was.label)

    @property
    def after(self) -> str:
        """The new verdict in a word."""
        return str(self.now.label)


def alert_dns(check: DnsCheck) -> list[Turn]:
    """Mail what the confirmed `check` changed to the tenant's admins; return the changes.

    Runs inside the caller's transaction. Nothing is said about a domain that is not active, about
    the proof of ownership, or about answers that did not come.
    """
    domain = check.domain
    if domain.status != DomainStatus.ACTIVE:
        return []
    turns = _turns(check)
    if turns:
        for person in admins_of(domain.tenant, domain_id=domain.pk):
            _mail(person, check, turns)
    return turns


def _turns(check: DnsCheck) -> list[Turn]:
    # A look that nothing confirmed was a flicker: what it saw was told to nobody. Where something
    # else is wanted than before, as while a DKIM key is changed, the DNS is not what changed.
    before = {
        state.record: state
        for state in DnsRecordState.objects.filter(
            Q(check_row__confirmed_at__isnull=False) | Q(check_row__changed=False),
            check_row__domain=check.domain_id,
            check_row__finished_at__isnull=False,
            check_row__lt=check.pk,
        )
        .exclude(verdict=Verdict.UNKNOWN)
        .order_by("record", "-check_row_id")
        .distinct("record")
    }
    return [
        Turn(
            state.record,
            Verdict(was.verdict),
            Verdict(state.verdict),
            ", ".join(state.observed)[:_SHOWN],
        )
        for state in check.records.order_by("pk")
        if state.verdict != Verdict.UNKNOWN
        and state.record != "ownership"
        and (was := before.get(state.record)) is not None
        and was.expected == state.expected
        and was.verdict != state.verdict
    ]


def _mail(person: User, check: DnsCheck, turns: list[Turn]) -> None:
    domain = check.domain
    name = show_domain(domain.name)
    broken = [turn for turn in turns if turn.now in _BAD]
    with writing_for(domain.tenant, person):
        subject = _("DNS of %(domain)s needs repair") if broken else _("DNS of %(domain)s changed")
        EmailMessage(
            subject=subject % {"domain": name},
            body=render_to_string(
                "domains/mail/dns_changed.txt",
                {
                    "person": person,
                    "domain": name,
                    "changes": turns,
                    "is_broken": bool(broken),
                    "is_deaf": any(turn.record == "mx" for turn in broken),
                    "url": stack().url
                    + reverse("domains:domain-dns", args=[domain.tenant_id, domain.pk]),
                    "brand": stack().brand,
                },
            ),
            to=[person.email],
        ).send()
