"""What this room has to say on the overview: DNS to repair, domains to prove, boxes nearly full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import limits_of
from domains.dns.words import summary
from domains.names import show_address, show_domain
from domains.selectors import (
    closing_soon,
    domains_of,
    sold_by,
    usage_over_time,
    worst_domains,
)
from domains.services.known_figures import known_figures
from portal.attention import AttentionRow, Figure, FirstStep, Overview, PlanMeter
from portal.templatetags.ui import filesize, moment, number
from portal.trend import points

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor
    from accounts.models import Tenant
    from accounts.selectors import Limits
    from domains.models import Domain
    from domains.selectors import Figures

SHOWN = 3
LIMIT_NEAR = 90  # per cent of what the plan allows
_UNSWITCHED_ADVICE = gettext_lazy(
    "Mail from outside goes where it went before. Publish the MX when you switch."
)
LARGE_PLAN = 10  # of fewer domains or mailboxes all are meant to be in use


def overview(tenant: Tenant, actor: Actor) -> Overview:
    """Return what needs a look in `tenant` and below, and how much is in use. At most seven queries."""
    rows = _domains(tenant) if actor.may(Action.DOMAIN_VIEW) else []
    figures: list[Figure] = []
    steps: list[FirstStep] = []
    if actor.may(Action.MAILBOX_VIEW):
        usage, limits = known_figures(tenant), limits_of(tenant)
        rows += _about_limits(tenant, usage, limits)
        if actor.may(Action.DOMAIN_CHANGE):
            rows += _old_keys(usage)
        figures = _figures(tenant, usage, limits)
        if tenant.kind == TenantKind.COMPANY and actor.may(Action.DOMAIN_CREATE):
            steps = _first_steps(tenant, usage)
    if tenant.kind == TenantKind.COMPANY and actor.may(Action.MAILBOX_DELETE):
        rows += _closing(tenant)
    if tenant.kind != TenantKind.COMPANY and actor.may(Action.PLAN_VIEW):
        rows += _oversold(tenant)
    return Overview(rows, figures, steps)


def _about_limits(tenant: Tenant, usage: Figures, limits: Limits) -> list[AttentionRow]:
    return [
        *_over(tenant, usage, limits),
        *_full(tenant, usage),
        *_nearly_over(tenant, usage, limits),
    ]


def _figures(tenant: Tenant, usage: Figures, limits: Limits) -> list[Figure]:
    """Return how much of the plan is in use, and how it grew. One query."""
    listed = reverse("domains:mailbox-list", args=[tenant.pk])
    trends = _trends(tenant, usage)
    none = ("", "")
    return [
        Figure(
            _("Domains"),
            number(usage.domains),
            _("All domains"),
            reverse("domains:domain-list", args=[tenant.pk]),
            _count(limits.max_domains),
            *trends.get("domains", none),
        ),
        Figure(
            _("Mailboxes"),
            number(usage.mailboxes),
            _("All mailboxes"),
            listed,
            _count(limits.max_mailboxes),
            *trends.get("mailboxes", none),
        ),
        Figure(
            _("Storage in use"),
            filesize(usage.bytes),
            _("Largest first"),
            f"{listed}?sort=-usage",
            filesize(limits.storage_bytes) if limits.storage_bytes is not None else "",
            *trends.get("bytes", none),
        ),
        Figure(
            _("DNS changes"),
            number(usage.dns_changes),
            ngettext(
                "in %(n)s domain since yesterday",
                "in %(n)s domains since yesterday",
                usage.dns_changed,
            )
            % {"n": number(usage.dns_changed)}
            if usage.dns_changes
            else _("none since yesterday"),
            reverse("domains:dns-changed", args=[tenant.pk]),
        ),
    ]


def plan_meters(tenant: Tenant, actor: Actor) -> list[PlanMeter]:
    """Return how much of the plan's domains, mailboxes and storage is in use."""
    if not actor.may(Action.TENANT_VIEW):
        return []
    usage, limits = known_figures(tenant), limits_of(tenant)
    rows: tuple[tuple[str, int, int | None, Callable[[int], str]], ...] = (
        (_("Domains"), usage.domains, limits.max_domains, number),
        (_("Mailboxes"), usage.mailboxes, limits.max_mailboxes, number),
        (_("Storage in use"), usage.bytes, limits.storage_bytes, filesize),
    )
    return [
        PlanMeter(label, used, limit, shown(used), shown(limit))
        for label, used, limit, shown in rows
        if limit is not None
    ]


def _first_steps(tenant: Tenant, usage: Figures) -> list[FirstStep]:
    """Return the way of a new company to its first mail; nothing once it has a mailbox.

    At most one query.
    """
    if usage.mailboxes:
        return []
    first = domains_of(tenant).order_by("status", "pk").first() if usage.domains else None
    is_proved = first is not None and first.verified_at is not None
    return [
        FirstStep(
            _("Add your domain"),
            _("You need access to where its DNS is managed, or a link for whoever has it."),
            reverse("domains:domain-create", args=[tenant.pk]),
            _("Add a domain"),
            is_done=first is not None,
        ),
        FirstStep(
            _("Prove that it is yours"),
            _("Publish one TXT record at your DNS provider. We look every few seconds."),
            reverse("domains:domain-setup", args=[tenant.pk, first.pk]) if first else "",
            _("Show the record"),
            is_done=is_proved,
        ),
        FirstStep(
            _("Open the first mailbox"),
            _("Its owner chooses the password by a link and can read mail at once."),
            reverse("domains:mailbox-create", args=[tenant.pk]) if is_proved else "",
            _("Add a mailbox"),
        ),
    ]


def _nearly_over(tenant: Tenant, usage: Figures, limits: Limits) -> list[AttentionRow]:
    """Return what the plan will soon refuse; what is over already is said by `_over`.

    A plan made to measure (one domain of one) is as it should be: a full one is worth a line only
    where it has LARGE_PLAN or more.
    """
    listed = reverse("domains:mailbox-list", args=[tenant.pk])
    found = []
    for used, limit, near, full, url in (
        (
            usage.domains,
            limits.max_domains,
            _("The plan has room for few more domains"),
            _("The plan has no room for another domain"),
            reverse("domains:domain-list", args=[tenant.pk]),
        ),
        (
            usage.mailboxes,
            limits.max_mailboxes,
            _("The plan has room for few more mailboxes"),
            _("The plan has no room for another mailbox"),
            listed,
        ),
        (
            usage.bytes,
            limits.storage_bytes,
            _("The storage of the plan is nearly used up"),
            "",  # `_over` says it
            f"{listed}?sort=-usage",
        ),
    ):
        if not limit or used > limit or used * 100 < LIMIT_NEAR * limit:
            continue
        if used < limit:
            words = _("%(percent)d %% are in use. Ask for a larger plan in time.")
            text = words % {"percent": used * 100 // limit}
            found.append(AttentionRow("warning", near, text, url, _("Look"), "quota"))
        elif full and limit >= LARGE_PLAN:
            words = _("All %(limit)s are in use. For more, ask for a larger plan.")
            text = words % {"limit": number(limit)}
            found.append(AttentionRow("info", full, text, url, _("Look"), "quota"))
    return found


def _trends(tenant: Tenant, usage: Figures) -> dict[str, tuple[str, str]]:
    """Return the pictures of the figures: points and what they say. One query."""
    samples = usage_over_time(tenant)
    if not samples:
        return {}
    since = date_format(samples[0].taken_on)
    rows: dict[str, tuple[list[int], int, Callable[[int], str]]] = {
        "domains": ([s.domains for s in samples], usage.domains, number),
        "mailboxes": ([s.mailboxes for s in samples], usage.mailboxes, number),
        "bytes": ([s.bytes for s in samples], usage.bytes, filesize),
    }
    return {
        name: (
            points([*values, now]),
            _("%(before)s on %(day)s, %(now)s now")
            % {"before": shown(values[0]), "day": since, "now": shown(now)},
        )
        for name, (values, now, shown) in rows.items()
    }


def _count(limit: int | None) -> str:
    return "" if limit is None else number(limit)


def _domains(tenant: Tenant) -> list[AttentionRow]:
    """Say which domains have records to repair, and which wait to be proved. One query."""
    listed = reverse("domains:domain-list", args=[tenant.pk])
    worst = worst_domains(tenant, SHOWN)
    found, total = worst["attention"]
    rows = [_troubled(domain) for domain in found]
    if more := total - len(found):
        rows.append(
            AttentionRow(
                "warning",
                ngettext(
                    "%(number)s more domain needs a look",
                    "%(number)s more domains need a look",
                    more,
                )
                % {"number": number(more)},
                _("DNS records are missing or differ."),
                f"{listed}?show=attention",
                _("Show them"),
                "globe",
            )
        )
    unswitched, pending = worst["unswitched"], worst["pending"]
    return [
        *rows,
        *_each_or_one(
            unswitched,
            _unswitched,
            ngettext(
                "The MX of %(number)s domain does not lead here yet",
                "The MX of %(number)s domains does not lead here yet",
                unswitched[1],
            ),
            str(_UNSWITCHED_ADVICE),
            f"{listed}?show=unswitched",
        ),
        *_each_or_one(
            pending,
            _waiting,
            ngettext(
                "%(number)s domain waits for proof of ownership",
                "%(number)s domains wait for proof of ownership",
                pending[1],
            ),
            _("They receive no mail before their TXT records are seen."),
            f"{listed}?show=pending",
        ),
    ]


def _each_or_one(
    found: tuple[list[Domain], int],
    row_of: Callable[[Domain], AttentionRow],
    title: str,
    text: str,
    url: str,
) -> list[AttentionRow]:
    """Return a row for each domain; one for all where there are more, as after an import."""
    domains, total = found
    if total == len(domains):
        return [row_of(domain) for domain in domains]
    words = title % {"number": number(total)}
    return [AttentionRow("info", words, text, url, _("Show them"), "clock")]


def _waiting(domain: Domain) -> AttentionRow:
    return AttentionRow(
        "info",
        _("%(domain)s waits for proof of ownership") % {"domain": show_domain(domain.name)},
        _("It receives no mail before its TXT record is seen."),
        reverse("domains:domain-setup", args=[domain.tenant_id, domain.pk]),
        _("Go on"),
        "clock",
    )


def _troubled(domain: Domain) -> AttentionRow:
    is_deaf = domain.dns_worst.startswith("mx.")
    return AttentionRow(
        "danger" if is_deaf else "warning",
        ngettext(
            "%(domain)s: %(n)d DNS record to repair",
            "%(domain)s: %(n)d DNS records to repair",
            domain.dns_problems,
        )
        % {"domain": show_domain(domain.name), "n": domain.dns_problems},
        _what_follows(domain, is_deaf=is_deaf),
        reverse("domains:domain-dns", args=[domain.tenant_id, domain.pk]),
        _("Repair DNS"),
        "globe",
    )


def _unswitched(domain: Domain) -> AttentionRow:
    return AttentionRow(
        "info",
        _("The MX of %(domain)s does not lead here yet") % {"domain": show_domain(domain.name)},
        str(_UNSWITCHED_ADVICE),
        reverse("domains:domain-dns", args=[domain.tenant_id, domain.pk]),
        _("See the records"),
        "clock",
    )


def _old_keys(usage: Figures) -> list[AttentionRow]:
    """Say in one line whose DKIM key should be changed; it leads to the oldest."""
    if not usage.old_keys:
        return []
    names = ", ".join(show_domain(one.domain) for one in usage.oldest)
    more = usage.old_keys - len(usage.oldest)
    return [
        AttentionRow(
            "info",
            ngettext(
                "%(n)s domain signs with a DKIM key older than a year",
                "%(n)s domains sign with a DKIM key older than a year",
                usage.old_keys,
            )
            % {"n": number(usage.old_keys)},
            _("%(domains)s and %(n)s more.") % {"domains": names, "n": number(more)}
            if more
            else f"{names}.",
            reverse(
                "domains:domain-dns", args=[usage.oldest[0].tenant_id, usage.oldest[0].domain_id]
            )
            + "#key-title",
            _("Change the key"),
            "key",
        )
    ]


def _closing(tenant: Tenant) -> list[AttentionRow]:
    """Say whose mailbox is deleted within days. One query."""
    found, total = closing_soon(tenant, SHOWN)
    rows = [
        AttentionRow(
            "warning",
            _("The mailbox of %(name)s closes %(when)s")
            % {"name": one.mailbox.name, "when": moment(one.close_due_at)},
            _("Then %(address)s is deleted for good. Until then the plan can be undone.")
            % {"address": show_address(one.mailbox.address.email)},
            reverse("domains:mailbox-leaver", args=[tenant.pk, one.mailbox_id]),
            _("Show the plan"),
            "archive",
        )
        for one in found
    ]
    if total > len(found):
        more = total - len(found)
        rows.append(
            AttentionRow(
                "warning",
                ngettext(
                    "%(n)d more mailbox of leavers closes within a week",
                    "%(n)d more mailboxes of leavers close within a week",
                    more,
                )
                % {"n": more},
                url=reverse("domains:mailbox-list", args=[tenant.pk]),
                action=_("All mailboxes"),
                icon="archive",
            )
        )
    return rows


def _over(tenant: Tenant, usage: Figures, limits: Limits) -> list[AttentionRow]:
    """Say by how much a plan that was lowered, or a pool that filled, is passed. Nothing is lost."""
    counted = (
        (_("domains"), usage.domains, limits.max_domains),
        (_("mailboxes"), usage.mailboxes, limits.max_mailboxes),
        (_("aliases"), usage.aliases, limits.max_aliases),
        (_("forwarders"), usage.forwarders, limits.max_forwarders),
    )
    over = [
        _("%(what)s: %(used)s of %(limit)s, %(over)s too many")
        % {
            "what": what,
            "used": number(used),
            "limit": number(limit),
            "over": number(used - limit),
        }
        for what, used, limit in counted
        if limit is not None and used > limit
    ]
    rows = []
    if over:
        rows.append(
            AttentionRow(
                "warning",
                _("More is in use than the plan allows"),
                "; ".join(over)
                + ". "
                + _("Nothing is lost; nothing more can be added before there is room."),
                reverse("domains:mailbox-list", args=[tenant.pk]),
                _("Look"),
                "quota",
            )
        )
    pool = limits.storage_bytes
    if pool and tenant.kind == TenantKind.COMPANY and usage.bytes >= pool:
        rows.append(
            AttentionRow(
                "danger",
                _("The storage of the plan is full"),
                _("%(used)s of %(limit)s, %(over)s too much. Mail that would be kept is refused.")
                % {
                    "used": filesize(usage.bytes),
                    "limit": filesize(pool),
                    "over": filesize(usage.bytes - pool),
                },
                reverse("domains:mailbox-list", args=[tenant.pk]) + "?sort=-usage",
                _("Largest first"),
                "quota",
            )
        )
    return rows


def _oversold(tenant: Tenant) -> list[AttentionRow]:
    if tenant.plan is None or tenant.plan.storage_bytes is None:
        return []  # nothing to sell too much of, so nothing to add up
    sold = sold_by(tenant)
    if not sold.oversold_bytes or sold.contract_bytes is None:
        return []
    is_urgent = sold.used_bytes * 10 >= sold.contract_bytes * 9
    return [
        AttentionRow(
            "danger" if is_urgent else "info",
            _("More storage is sold than your contract holds"),
            _("Sold %(sold)s, contract %(limit)s: %(over)s oversold. Really in use: %(used)s.")
            % {
                "sold": filesize(sold.promised_bytes),
                "limit": filesize(sold.contract_bytes),
                "over": filesize(sold.oversold_bytes),
                "used": filesize(sold.used_bytes),
            },
            reverse("accounts:plan-list", args=[tenant.pk]),
            _("Plans"),
            "box",
        )
    ]


def _what_follows(domain: Domain, *, is_deaf: bool) -> str:
    words = (
        _("%(what)s: mail from outside does not arrive here.")
        if is_deaf
        else _("%(what)s: mail you send may be taken for spam.")
    ) % {"what": summary(domain.dns_worst)}
    if domain.dns_problems_since is None:
        return words
    since = _("Since %(when)s.") % {"when": moment(domain.dns_problems_since)}
    return f"{words} {since}"


def _full(tenant: Tenant, usage: Figures) -> list[AttentionRow]:
    fullest, total = usage.fullest, usage.full
    if not total:
        return []
    words = ", ".join(
        _("%(address)s %(percent)d %%")
        % {"address": show_address(row.email), "percent": row.percent}
        for row in fullest
    )
    is_urgent = any(row.percent >= 95 for row in fullest)
    return [
        AttentionRow(
            "danger" if is_urgent else "warning",
            ngettext("%(n)s mailbox is nearly full", "%(n)s mailboxes are nearly full", total)
            % {"n": number(total)},
            _("%(who)s. When a mailbox is full, mail to it is refused.") % {"who": words},
            reverse("domains:mailbox-list", args=[tenant.pk]) + "?show=full&sort=-usage",
            _("Give more room"),
            "quota",
        )
    ]
