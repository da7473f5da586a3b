"""Who outside a tenant agreed that its mail is passed on to him, and who has not yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, Func, OuterRef, Value
from django.utils import timezone

from accounts.selectors import limits_of
from domains.errors import ConsentOver
from domains.models import (
    Consent,
    ConsentState,
    Domain,
    DomainStatus,
    Forwarder,
    ForwarderTarget,
    GroupMember,
    Mailbox,
    RuleTarget,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from accounts.models import Tenant

PROVED = (DomainStatus.ACTIVE, DomainStatus.SUSPENDED)
RULES_SHOWN = timedelta(days=30)  # a rule that did not act for so long is gone, as far as we know
PASSED_ON = (ConsentState.CONFIRMED, ConsentState.TRUSTED)


@dataclass(frozen=True, slots=True)
class Target:
    """One address outside that mail shall be passed on to; `since` belongs to the state."""

    email: str
    state: ConsentState
    since: datetime | None = None
    mailed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether no mail is passed on to it now."""
        return self.state not in PASSED_ON


def outside_of(tenant: Tenant, emails: Iterable[str]) -> list[str]:
    """Return those at no proved domain of the tenant itself, by name. One query.

    A domain of another tenant here is outside too, and so is one that waits for its proof.
    """
    wanted = set(emails)
    if not wanted:
        return []
    own = set(
        Domain.objects.filter(
            tenant=tenant.pk,
            name__in={email.rpartition("@")[2] for email in wanted},
            status__in=PROVED,
        ).values_list("name", flat=True)
    )
    return sorted(email for email in wanted if email.rpartition("@")[2] not in own)


def targets_outside(tenant: Tenant, emails: Collection[str]) -> list[Target]:
    """Return what is known of each address outside the tenant, by name. Three queries at most."""
    outside = outside_of(tenant, emails)
    if not outside:
        return []
    known = {row.email: row for row in Consent.objects.filter(tenant=tenant.pk, email__in=outside)}
    trusted = limits_of(tenant).is_trusted
    return [_target(email, known.get(email), trusted=trusted) for email in outside]


def _target(email: str, row: Consent | None, *, trusted: bool) -> Target:
    if row is None:
        return Target(email, ConsentState.TRUSTED if trusted else ConsentState.UNASKED)
    since = {
        ConsentState.WAITING: row.requested_at,
        ConsentState.CONFIRMED: row.confirmed_at,
        ConsentState.STOPPED: row.stopped_at,
    }
    state = row.state
    if trusted and state == ConsentState.WAITING:
        return Target(email, ConsentState.TRUSTED)
    return Target(email, state, since[state], row.mailed_at)


def waiting_forwarders(tenant: Tenant, forwarders: Collection[Forwarder]) -> set[int]:
    """Return the ids of those with a target outside that was asked and gets no mail. Two queries."""
    wanted = {one.pk: {target.email for target in one.targets.all()} for one in forwarders}
    host = Func(OuterRef("email"), Value("@"), Value(2), function="split_part")
    inside = Domain.objects.filter(tenant=tenant.pk, status__in=PROVED, name=host)
    open_rows = list(
        Consent.objects.filter(
            ~Exists(inside),
            tenant=tenant.pk,
            email__in=set().union(*wanted.values()),
            confirmed_at=None,
        )
    )
    trusted = bool(open_rows) and limits_of(tenant).is_trusted
    closed = {row.email for row in open_rows if row.stopped_at is not None or not trusted}
    return {pk for pk, emails in wanted.items() if emails & closed}


def sources_of(consent: Consent) -> list[str]:
    """Return the addresses of the tenant whose mail goes, or is to go, to the address. Four queries."""
    boxes = Mailbox.objects.filter(tenant=consent.tenant_id, forward_to__contains=[consent.email])
    forwarders = ForwarderTarget.objects.filter(
        email=consent.email, forwarder__tenant=consent.tenant_id
    )
    groups = GroupMember.objects.filter(
        email=consent.email, tenant=consent.tenant_id, address__isnull=True
    )
    rules = _in_use().filter(email=consent.email, mailbox__tenant=consent.tenant_id)
    return sorted(
        {
            *rules.values_list("mailbox__address__email", flat=True),
            *boxes.values_list("address__email", flat=True),
            *forwarders.values_list("forwarder__address__email", flat=True),
            *groups.values_list("group__address__email", flat=True),
        }
    )


def passed_on_by(mailbox: Mailbox) -> list[str]:
    """Return where the mailbox passes mail on to, by its forwarding and by its own rules. One query."""
    rules = _in_use().filter(mailbox=mailbox).values_list("email", flat=True)
    return [*mailbox.forward_to, *(set(rules) - set(mailbox.forward_to))]


def _in_use() -> QuerySet[RuleTarget]:
    return RuleTarget.objects.filter(used_at__gt=timezone.now() - RULES_SHOWN)


def consent_by_hash(token_sha256: str) -> Consent:
    """Return the row a link belongs to, whatever its state. Raises ConsentOver."""
    found = Consent.objects.select_related("tenant").filter(token_sha256=token_sha256).first()
    if found is None:
        raise ConsentOver
    return found
