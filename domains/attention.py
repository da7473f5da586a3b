"""What this room has to say on the overview: DNS to repair, domains to prove, boxes nearly full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import limits_of
from domains.dns.words import summary
from domains.names import show_address, show_domain
from domains.selectors import sold_by, troubled_domains
from domains.services.known_figures import known_figures
from portal.attention import AttentionRow, Figure
from portal.templatetags.ui import filesize

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant
    from domains.models import Domain

SHOWN = 3


def rows(tenant: Tenant, actor: Actor) -> list[AttentionRow]:
    """Return what needs a look in `tenant` and below. At most six queries."""
    found: list[AttentionRow] = []
    if actor.may(Action.DOMAIN_VIEW):
        found += _domains(tenant, actor)
    if actor.may(Action.MAILBOX_VIEW):
        found += _over(tenant)
        found += _full(tenant)
    if tenant.kind != TenantKind.COMPANY and actor.may(Action.PLAN_VIEW):
        found += _oversold(tenant)
    return found


def figures(tenant: Tenant, actor: Actor) -> list[Figure]:
    """Return how much of the plan is in use. At most two queries."""
    if not actor.may(Action.MAILBOX_VIEW):
        return []
    usage, limits = known_figures(tenant), limits_of(tenant)
    listed = reverse("domains:mailbox-list", args=[tenant.pk])
    return [
        Figure(
            _("Domains"),
            number_format(usage.domains),
            _("All domains"),
            reverse("domains:domain-list", args=[tenant.pk]),
            _count(limits.max_domains),
        ),
        Figure(
            _("Mailboxes"),
            number_format(usage.mailboxes),
            _("All mailboxes"),
            listed,
            _count(limits.max_mailboxes),
        ),
        Figure(
            _("Storage in use"),
            filesize(usage.bytes),
            _("Largest first"),
            f"{listed}?sort=-usage",
            filesize(limits.storage_bytes) if limits.storage_bytes is not None else "",
        ),
    ]


def _count(limit: int | None) -> str:
    return "" if limit is None else number_format(limit)


def _domains(tenant: Tenant, actor: Actor) -> list[AttentionRow]:
    found, total = troubled_domains(tenant, SHOWN)
    shown = [_domain(domain) for domain in found]
    if total > len(found):
        more = total - len(found)
        shown.append(
            AttentionRow(
                "warning",
                ngettext(
                    "%(n)d more domain needs a look",
                    "%(n)d more domains need a look",
                    more,
                )
                % {"n": more},
                _("DNS records are missing or differ."),
                reverse("domains:domain-list", args=[tenant.pk]) + "?show=attention",
                _("Show them"),
                "globe",
            )
        )
    if not total and not shown and actor.may(Action.DOMAIN_CREATE):
        shown += _first_domain(tenant)
    return shown


def _first_domain(tenant: Tenant) -> list[AttentionRow]:
    if tenant.kind != TenantKind.COMPANY or known_figures(tenant).domains:
        return []
    return [
        AttentionRow(
            "info",
            _("Add your first domain"),
            _("You need access to where its DNS is managed, or a link for whoever has it."),
            reverse("domains:domain-create", args=[tenant.pk]),
            _("Add a domain"),
            "globe",
        )
    ]


def _domain(domain: Domain) -> AttentionRow:
    name = show_domain(domain.name)
    if not domain.dns_problems or domain.verified_at is None:
        return AttentionRow(
            "info",
            _("%(domain)s waits for proof of ownership") % {"domain": name},
            _("It receives no mail before its TXT record is seen."),
            reverse("domains:domain-setup", args=[domain.tenant_id, domain.pk]),
            _("Go on"),
            "clock",
        )
    is_deaf = domain.dns_worst.startswith("mx.")
    return AttentionRow(
        "danger" if is_deaf else "warning",
        ngettext(
            "%(domain)s: %(n)d DNS record to repair",
            "%(domain)s: %(n)d DNS records to repair",
            domain.dns_problems,
        )
        % {"domain": name, "n": domain.dns_problems},
        (
            _("%(what)s: mail from outside does not arrive here.")
            if is_deaf
            else _("%(what)s: mail you send may be taken for spam.")
        )
        % {"what": summary(domain.dns_worst)},
        reverse("domains:domain-dns", args=[domain.tenant_id, domain.pk]),
        _("Repair DNS"),
        "globe",
    )


def _over(tenant: Tenant) -> list[AttentionRow]:
    """Say by how much a plan that was lowered, or a pool that filled, is passed. Nothing is lost."""
    usage, limits = known_figures(tenant), limits_of(tenant)
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
            "used": number_format(used),
            "limit": number_format(limit),
            "over": number_format(used - limit),
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


def _full(tenant: Tenant) -> list[AttentionRow]:
    usage = known_figures(tenant)
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
            ngettext("%(n)d mailbox is nearly full", "%(n)d mailboxes are nearly full", total)
            % {"n": total},
            _("%(who)s. When a mailbox is full, mail to it is refused.") % {"who": words},
            reverse("domains:mailbox-list", args=[tenant.pk]) + "?show=full&sort=-usage",
            _("Give more room"),
            "quota",
        )
    ]
