"""Domains of a tenant, for lists and for one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.core import signing
from django.db.models import Case, Count, F, Q, Sum, Value, When, Window
from django.db.models.functions import RowNumber

from domains.clients import pacc, sts
from domains.clients.servers import Account, Cover, mail_servers
from domains.dns.records import DkimPublic, ExpectedRecord, Service, expected
from domains.models import Domain, DomainStatus, Mailbox
from domains.names import show_domain
from domains.selectors.search import address_part, within
from portal.config import stack
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from accounts.models import Tenant
    from domains.models import DkimKey

# Proved, while mail from outside still goes where it went before: so it is meant during a move.
NOT_SWITCHED = Q(status=DomainStatus.ACTIVE, mx_seen_at=None, dns_worst__startswith="mx.")
FILTERS = {
    "attention": Q(dns_problems__gt=0, status=DomainStatus.ACTIVE) & ~NOT_SWITCHED,
    "unswitched": NOT_SWITCHED,
    "pending": Q(status=DomainStatus.PENDING),
    "suspended": Q(status=DomainStatus.SUSPENDED),
}

TO_SEE = ("attention", "unswitched", "pending")  # filters of what the overview mentions


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A domain in a list. `mailbox_limit` and `storage_limit` are its tenant's; None: no limit."""

    domain: Domain
    shown_name: str
    mailboxes: int
    used_bytes: int
    mailbox_limit: int | None
    storage_limit: int | None


def domains_of(tenant: Tenant) -> QuerySet[Domain]:
    """Return the domains of `tenant` itself, by name."""
    return Domain.objects.of(tenant).order_by("name")


def open_domains(tenant: Tenant) -> QuerySet[Domain]:
    """Return the domains of `tenant` that new addresses can be opened in."""
    return Domain.objects.of(tenant).filter(
        status__in=(DomainStatus.ACTIVE, DomainStatus.SUSPENDED), alias_of=None
    )


def domains_within(tenant: Tenant) -> QuerySet[Domain]:
    """Return the domains of `tenant` and, for resellers and operators, of all below it."""
    return Domain.objects.filter(within(tenant)).select_related(
        "tenant", "tenant__plan", "alias_of"
    )


def domain_of(tenant: Tenant, domain_id: int) -> Domain:
    """Return a domain of `tenant`. Raises NotFound."""
    found = (
        Domain.objects.of(tenant).select_related("tenant", "alias_of").filter(pk=domain_id).first()
    )
    if found is None:
        raise NotFound
    return found


SHOWN_ALIASES = 20


def alias_domains_of(domain: Domain) -> list[Domain]:
    """Return the domains that stand for `domain`, by name; at most SHOWN_ALIASES. One query."""
    return list(domain.alias_domains.order_by("name")[:SHOWN_ALIASES])


def alias_choices(tenant: Tenant, domain: Domain) -> list[Domain]:
    """Return domains of `tenant` that `domain` could stand for, by name; at most SHOWN_ALIASES. One query."""
    return list(open_domains(tenant).exclude(pk=domain.pk).order_by("name")[:SHOWN_ALIASES])


def filtered_domains(tenant: Tenant, *, part: str, state: str) -> QuerySet[Domain]:
    """Return the list's rows, unordered: `part` of domain or tenant, `state` of FILTERS."""
    rows = domains_within(tenant)
    wanted = part.replace("\0", "").strip()[:100]
    if wanted:
        rows = rows.filter(
            Q(name__contains=address_part(wanted)) | Q(tenant__name__icontains=wanted)
        )
    return rows.filter(FILTERS[state]) if state in FILTERS else rows


def domain_counts(tenant: Tenant) -> dict[str, int]:
    """Return how many domains each filter finds; "all" too. One query."""
    return Domain.objects.filter(within(tenant)).aggregate(
        all=Count("pk"), **{name: Count("pk", filter=rule) for name, rule in FILTERS.items()}
    )


def domain_rows(domains: Sequence[Domain]) -> list[DomainRow]:
    """Return the domains of one page with their figures. One query, whatever their number."""
    figures = {
        row["address__domain"]: row
        for row in Mailbox.objects.filter(address__domain__in=[d.pk for d in domains])
        .values("address__domain")
        .annotate(mailboxes=Count("pk"), used=Sum("usage__bytes"))
        .order_by()
    }
    rows = []
    for domain in domains:
        figure = figures.get(domain.pk)
        plan = domain.tenant.plan
        rows.append(
            DomainRow(
                domain,
                show_domain(domain.name),
                figure["mailboxes"] if figure else 0,
                (figure["used"] or 0) if figure else 0,
                plan.max_mailboxes if plan else None,
                plan.storage_bytes if plan else None,
            )
        )
    return rows


def expected_records(domain: Domain) -> tuple[ExpectedRecord, ...]:
    """Return what `domain` has to publish. One query, none where the keys were fetched ahead."""
    keys = sorted(
        (key for key in domain.dkim_keys.all() if key.retired_at is None),
        key=lambda key: key.selector,
    )
    return expected(
        domain.name,
        ownership_token=domain.ownership_token,
        mail_hostname=stack().mail_hostname,
        operator_domain=stack().operator_domain,
        dkim=_dkim(list(keys)),
        sts_id=_sts_id(domain),
        services=_services(),
        pacc=_pacc(domain),
    )


def _dkim(keys: list[DkimKey]) -> tuple[DkimPublic, ...]:
    """Return the public halves; before the proof the first one counts as signing."""
    own = signing_key(keys)
    return tuple(
        DkimPublic(
            key.selector,
            key.public_key,
            key.delegated_to,
            is_signing=key == own if own else place == 0,
        )
        for place, key in enumerate(keys)
    )


def signing_key(keys: Iterable[DkimKey]) -> DkimKey | None:
    """Return the key that signs among those of a domain: who began last. None: nothing signs yet."""
    active = [key for key in keys if key.active_at and not key.retired_at]
    return max(active, key=lambda key: (key.active_at, key.pk), default=None)


def _sts_id(domain: Domain) -> str:
    mode = sts.Mode(domain.mta_sts_mode)
    if mode is sts.Mode.NONE:
        return ""
    return sts.policy_id(sts.policy(mode, stack().mail_hostname))


def _services() -> tuple[Service, ...]:
    host, port = stack().mail_hostname, stack().mail_port
    mail = [
        Service(name, host, port(offset))
        for name, offset in (
            ("imaps", "imaps"),
            ("pop3s", "pop3s"),
            ("submissions", "submissions"),
            ("submission", "submission"),
            ("sieve", "managesieve"),
        )
    ]
    site = urlsplit(stack().url)
    if site.scheme == "https" and site.hostname:
        mail.append(Service("autodiscover", site.hostname, site.port or 443))
    return tuple(mail)


def _pacc(domain: Domain) -> str:
    """Return the digest record; empty where the document could not name a single server."""
    servers = mail_servers(stack().mail_hostname, stack().mail_port)
    imaps = next(server for server in servers if server.cover is Cover.TLS)
    if imaps.port != pacc.IMAPS:
        return ""
    document = pacc.document(Account(domain.name, stack().brand, stack().url, servers))
    return pacc.digest_record(document)


def domain_by_token(token: str, *, salt: str, max_age: int) -> Domain:
    """Return the domain of a signed link younger than `max_age` seconds. Raises NotFound.

    The start of the ownership token is part of the link, so a domain registered anew under the
    same name is not shown by old links.
    """
    try:
        domain_id, start = signing.loads(token, salt=salt, max_age=max_age)
    except (signing.BadSignature, ValueError) as exc:
        raise NotFound from exc
    found = Domain.objects.filter(pk=domain_id, ownership_token__startswith=start).first()
    if found is None:
        raise NotFound
    return found


def worst_domains(tenant: Tenant, limit: int) -> dict[str, tuple[list[Domain], int]]:
    """Return the first domains of the list's filters TO_SEE, worst first, and how many each has.

    One query.
    """
    kind = Case(*(When(FILTERS[show], then=Value(show)) for show in TO_SEE), default=Value(""))
    rows = (
        Domain.objects.filter(within(tenant))
        .annotate(kind=kind, is_deaf=Q(dns_worst__startswith="mx."))
        .exclude(kind="")
        .annotate(
            total=Window(Count("pk"), partition_by="kind"),
            place=Window(
                RowNumber(),
                partition_by="kind",
                order_by=[F("is_deaf").desc(), F("dns_problems").desc(), "name"],
            ),
        )
        .filter(place__lte=limit)
        .order_by("place")
    )
    found: dict[str, tuple[list[Domain], int]] = {show: ([], 0) for show in TO_SEE}
    for row in rows:
        known = vars(row)
        found[known["kind"]] = ([*found[known["kind"]][0], row], known["total"])
    return found
