"""Chooses the mailbox that receives mail to unknown addresses of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Feature
from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.errors import DomainIsAlias, TargetRefused
from domains.models import CatchAll, Domain
from domains.names import stored_address
from domains.selectors import mailbox_addresses_of
from domains.services.read_targets import lock_forwarding, refuse_loops
from domains.services.require_feature import require_feature

if TYPE_CHECKING:
    from accounts.actor import Actor

# No one can own this local part, so it stands for every address that does not exist.
_NOBODY = "-nobody-"


def set_catch_all(*, actor: Actor, domain: Domain, mailbox: str) -> CatchAll:
    """Deliver what nobody owns to `mailbox`, the address of a mailbox of the tenant.

    Raises NameRefused, TargetRefused, ForwardLoop and DomainIsAlias on the field `mailbox`, NotAllowed.
    """
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    with transaction.atomic():
        lock_forwarding(domain.tenant)
        if Domain.objects.filter(pk=domain.pk, alias_of__isnull=False).exists():
            raise DomainIsAlias(field="mailbox")
        wanted = stored_address(mailbox, field="mailbox")
        address = mailbox_addresses_of(domain.tenant).filter(email=wanted).first()
        if address is None:
            raise TargetRefused(_("Choose one of your mailboxes."), field="mailbox")
        before = _current(domain)
        if not before:
            require_feature(domain.tenant, Feature.CATCH_ALL, field="mailbox")
        catch_all, _made = CatchAll.objects.update_or_create(
            domain=domain, defaults={"tenant": domain.tenant, "address": address}
        )
        refuse_loops(f"{_NOBODY}@{domain.name}", [address.email], domain.tenant, field="mailbox")
        _note(actor, domain, before, address.email)
    return catch_all


def clear_catch_all(*, actor: Actor, domain: Domain) -> None:
    """Refuse mail to unknown addresses again. Doing it twice changes nothing."""
    require(actor, Action.DOMAIN_CHANGE, domain.tenant, domain_ids=[domain.pk])
    with transaction.atomic():
        before = _current(domain)
        if not before:
            return
        CatchAll.objects.filter(domain=domain).delete()
        _note(actor, domain, before, "")


def _current(domain: Domain) -> str:
    rows = CatchAll.objects.filter(domain=domain).values_list("address__email", flat=True)
    return rows.first() or ""


def _note(actor: Actor, domain: Domain, before: str, after: str) -> None:
    record_audit(
        actor,
        domain.tenant,
        action="domain.catch_all",
        target=("domain", domain.pk, domain.name),
        changes={"mailbox": [before, after]},
    )
