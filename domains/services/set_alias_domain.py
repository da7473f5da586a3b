"""Makes a domain an alias of another one, so that every address there is one here too, and ends that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.errors import AliasDomainRefused, DomainNotEmpty
from domains.models import Alias, CatchAll, Domain, DomainStatus
from domains.names import NameRefused, parse_domain_name, show_domain
from domains.services.delete_domain import contents_of
from domains.services.hold_domain import hold_domain
from domains.services.keep_reserved import drop_alias
from domains.services.read_targets import lock_forwarding

if TYPE_CHECKING:
    from accounts.actor import Actor


def make_alias_domain(*, actor: Actor, domain: Domain, target: str) -> Domain:
    """Let every address of the domain named `target`, one of the tenant's, also work at `domain`.

    Mail to addresses that do not exist there is refused, or goes to the other one's catch-all.
    Raises AliasDomainRefused on the field `target`, DomainNotEmpty, DomainNotProved,
    DomainBeingDeleted, NotAllowed.
    """
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    with transaction.atomic():
        lock_forwarding(domain.tenant)
        other = _target(domain, target)
        require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk, other.pk])
        for pk in sorted((domain.pk, other.pk)):  # always in this order
            Domain.objects.select_for_update(no_key=True, of=("self",)).filter(pk=pk).first()
        held = hold_domain(domain)
        other.refresh_from_db()
        _refuse(held, other)
        _empty(held)
        before = held.alias_of.name if held.alias_of else ""
        held.alias_of = other
        held.save(update_fields=["alias_of"])
        _note(actor, held, before, other.name)
    return held


def end_alias_domain(*, actor: Actor, domain: Domain) -> Domain:
    """Make it a domain of its own again, without any address. Doing it twice changes nothing."""
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    with transaction.atomic():
        held = hold_domain(domain, may_be_deleting=True)
        if held.alias_of is None:
            return held
        before, held.alias_of = held.alias_of.name, None
        held.save(update_fields=["alias_of"])
        _note(actor, held, before, "")
    return held


def _target(domain: Domain, target: str) -> Domain:
    try:
        name = parse_domain_name(target).a_label
    except NameRefused as exc:
        raise AliasDomainRefused(str(exc.message), field="target") from exc
    found = Domain.objects.of(domain.tenant).filter(name=name).first()
    if found is None or found.pk == domain.pk:
        raise AliasDomainRefused(_("Choose another one of your domains."), field="target")
    return found


def _refuse(domain: Domain, target: Domain) -> None:
    if target.status not in {DomainStatus.ACTIVE, DomainStatus.SUSPENDED}:
        raise AliasDomainRefused(
            _("%(domain)s does not take mail yet.") % {"domain": show_domain(target.name)},
            field="target",
        )
    if target.alias_of_id is not None:
        raise AliasDomainRefused(
            _("%(domain)s is an alias itself. Choose the domain it stands for.")
            % {"domain": show_domain(target.name)},
            field="target",
        )
    if domain.alias_domains.exists():
        raise AliasDomainRefused(
            _("Other domains are aliases of this one. End those first."), field="target"
        )
    contents = contents_of(domain)
    if not contents.is_empty:
        raise DomainNotEmpty(
            _("%(domain)s still holds %(contents)s. An alias domain has no addresses of its own.")
            % {"domain": show_domain(domain.name), "contents": contents.words}
        )


def _empty(domain: Domain) -> None:
    """Take away what answers for the domain itself: its reserved names and its catch-all."""
    CatchAll.objects.filter(domain=domain).delete()
    for alias in Alias.objects.filter(address__domain=domain).select_related("address"):
        drop_alias(alias)


def _note(actor: Actor, domain: Domain, before: str, after: str) -> None:
    record_audit(
        actor,
        domain.tenant,
        action="domain.alias",
        target=("domain", domain.pk, domain.name),
        changes={"alias_of": [before, after]},
    )
