"""What changed in the DNS: of one domain, and of all that a tenant and those below it have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils import timezone

from domains.dns import words
from domains.models import DnsChange, Verdict
from domains.selectors.domains import filtered_domains
from domains.selectors.search import within

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import Tenant
    from domains.models import Domain

FILTERS = {
    "broken": Q(after__in=(Verdict.MISSING, Verdict.CONFLICT)),
    "mended": Q(after=Verdict.MATCH),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that became another one. `confirmed_at` None: seen once only."""

    record: str
    before: str
    after: str
    at: datetime
    confirmed_at: datetime | None

    @property
    def title(self) -> str:
        """The record's name."""
        return words.title(self.record)

    @property
    def before_label(self) -> str:
        """The verdict before, in a word."""
        return str(Verdict(self.before).label)

    @property
    def after_label(self) -> str:
        """The verdict after, in a word."""
        return str(Verdict(self.after).label)


def yesterday() -> datetime:
    """Return when yesterday began, in the zone that is active."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=1)


def day_or_yesterday(day: date | None) -> datetime:
    """Return when `day` began; yesterday where none is named, or none that can be counted with."""
    if day is None or not 2000 <= day.year < 3000:  # what calendars can turn into UTC
        return yesterday()
    return timezone.make_aware(datetime.combine(day, time.min))


def changes_of(domain: Domain) -> QuerySet[DnsChange]:
    """Return the changes of `domain` that are remembered, newest first."""
    return (
        DnsChange.objects.filter(domain=domain).select_related("check_row").order_by("-at", "-pk")
    )


def told_change(row: DnsChange) -> Change:
    """Return the row as pages tell it; `check_row` is fetched ahead."""
    return Change(row.record, row.before, row.after, row.at, row.check_row.confirmed_at)


def dns_changes(tenant: Tenant, *, since: datetime, part: str, state: str) -> QuerySet[DnsChange]:
    """Return the list's rows, newest first: `part` of domain or tenant, `state` of FILTERS."""
    rows = _since(tenant, since, part)
    return (
        (rows.filter(FILTERS[state]) if state in FILTERS else rows)
        .select_related("check_row", "domain", "domain__tenant")
        .order_by("-at", "-pk")
    )


def dns_change_counts(tenant: Tenant, *, since: datetime, part: str = "") -> dict[str, int]:
    """Return how many changes each filter finds, and "all", of how many "domains". One query."""
    return _since(tenant, since, part).aggregate(
        all=Count("pk"),
        domains=Count("domain", distinct=True),
        **{name: Count("pk", filter=rule) for name, rule in FILTERS.items()},
    )


def _since(tenant: Tenant, since: datetime, part: str) -> QuerySet[DnsChange]:
    rows = DnsChange.objects.filter(within(tenant, "domain"), at__gte=since)
    if not part.strip():
        return rows
    return rows.filter(domain__in=filtered_domains(tenant, part=part, state="").values("pk"))
