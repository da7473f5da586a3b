"""Removes a domain that nothing lives in any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.errors import DomainNotEmpty
from domains.models import Address, Alias, Domain
from domains.names import RESERVED_LOCALPARTS
from portal.errors import NotFound
from portal.templatetags.ui import number

if TYPE_CHECKING:
    from accounts.actor import Actor


@dataclass(frozen=True, slots=True)
class Contents:
    """What still lives in a domain; mailboxes on their way out count."""

    mailboxes: int
    aliases: int
    forwarders: int
    groups: int

    @property
    def is_empty(self) -> bool:
        """Whether the domain can go."""
        return not (self.mailboxes or self.aliases or self.forwarders or self.groups)

    @property
    def words(self) -> str:
        """The contents as a person reads them: «3 mailboxes, 1 alias»."""
        parts = [
            ngettext("%(n)s mailbox", "%(n)s mailboxes", self.mailboxes)
            % {"n": number(self.mailboxes)}
            if self.mailboxes
            else "",
            ngettext("%(n)s alias", "%(n)s aliases", self.aliases) % {"n": number(self.aliases)}
            if self.aliases
            else "",
            ngettext("%(n)s forwarder", "%(n)s forwarders", self.forwarders)
            % {"n": number(self.forwarders)}
            if self.forwarders
            else "",
            ngettext("%(n)s group", "%(n)s groups", self.groups) % {"n": number(self.groups)}
            if self.groups
            else "",
        ]
        return ", ".join(part for part in parts if part)


def contents_of(domain: Domain) -> Contents:
    """Count what lives in the domain. One query."""
    counted = Address.objects.filter(domain=domain).aggregate(
        mailboxes=Count("mailbox"),
        aliases=Count("alias", filter=~Q(localpart__in=RESERVED_LOCALPARTS)),
        forwarders=Count("forwarder"),
        groups=Count("group"),
    )
    return Contents(**counted)


def delete_domain(*, actor: Actor, domain: Domain) -> None:
    """Free the name. Raises DomainNotEmpty with a list of what is in it, NotFound, NotAllowed."""
    require(actor, Action.DOMAIN_DELETE, domain.tenant)
    with transaction.atomic():
        held = (
            Domain.objects.select_for_update(of=("self",))
            .select_related("tenant")
            .filter(pk=domain.pk)
            .first()
        )
        if held is None:
            raise NotFound
        contents = contents_of(held)
        if not contents.is_empty:
            raise DomainNotEmpty(
                _(
                    "%(domain)s still holds %(contents)s. Delete them first; mailboxes count "
                    "until their days of grace are over."
                )
                % {"domain": held.name, "contents": contents.words}
            )
        for alias in Alias.objects.filter(address__domain=held).select_related("address"):
            alias.delete()
            alias.address.delete()
        record_audit(
            actor,
            held.tenant,
            action="domain.delete",
            target=("domain", held.pk, held.name),
            changes={"status": [held.status, ""]},
        )
        held.delete()
