"""What mail programs and other mail hosts may learn about a hosted domain without signing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core import signing
from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef

from accounts.models import Tenant, TenantStatus
from domains.clients.servers import Account, mail_servers
from domains.clients.sts import Mode
from domains.models import Domain, DomainStatus, Mailbox, MailboxStatus
from portal.config import stack
from portal.errors import NotFound

if TYPE_CHECKING:
    from domains.clients.servers import MailServer

_SALT = "domains.device-setup"


@dataclass(frozen=True, slots=True)
class HostedDomain:
    """A domain we take mail for."""

    name: str
    mta_sts_mode: Mode
    alias_of: str  # the domain its people sign in with; empty: itself


def hosted_domain(name: str) -> HostedDomain | None:
    """Return the domain when mail is taken for it; one query whether or not there is one."""
    ended = Tenant.objects.filter(status__in=(TenantStatus.TERMINATED, TenantStatus.PURGED)).alias(
        below=ExpressionWrapper(OuterRef("tenant__path"), output_field=CharField())
    )
    row = (
        Domain.objects.filter(name=name, status__in=(DomainStatus.ACTIVE, DomainStatus.SUSPENDED))
        .exclude(Exists(ended.filter(below__startswith=F("path"))))
        .values_list("name", "mta_sts_mode", "alias_of__name")
        .first()
    )
    return None if row is None else HostedDomain(row[0], Mode(row[1]), row[2] or "")


def servers_here() -> tuple[MailServer, ...]:
    """Return the servers of this installation, the best of each protocol first."""
    return mail_servers(stack().mail_hostname, stack().mail_port)


def account_at(domain: HostedDomain) -> Account:
    """Return what people of the domain type into their program."""
    return Account(domain.name, stack().brand, stack().url, servers_here(), domain.alias_of)


def account_of(mailbox: Mailbox) -> Account:
    """Return the same for one mailbox of ours."""
    return Account(mailbox.address.domain.name, stack().brand, stack().url, servers_here())


def mailbox_token(mailbox: Mailbox) -> str:
    """Return what a phone shows to open the mailbox's set-up page without signing in."""
    return signing.dumps([mailbox.pk, mailbox.address.email], salt=_SALT)


def mailbox_by_token(token: str, *, max_age: int) -> Mailbox:
    """Return the mailbox of a token younger than `max_age` seconds. Raises NotFound.

    A mailbox on its way out, or another one under the number, is not shown.
    """
    try:
        mailbox_id, email = signing.loads(token, salt=_SALT, max_age=max_age)
    except (signing.BadSignature, ValueError) as exc:
        raise NotFound from exc
    found = (
        Mailbox.objects.filter(pk=mailbox_id, address__email=email, status=MailboxStatus.ACTIVE)
        .select_related("address", "address__domain")
        .first()
    )
    if found is None:
        raise NotFound
    return found
