"""Search by any part of an address or a name, without marks, served by trigram indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import CharField, Func, Q

from accounts.models import Tenant, TenantKind
from domains.names import NameRefused, fold, parse_domain_name

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from domains.models import Mailbox

MAX_PART = 100
MAX_FOUND = 500
TRIGRAM = 3


class Fold(Func):
    """The database's own lower case without marks; the index on names is built on it."""

    function = "domains_fold"
    output_field = CharField()


def seen(tenant: Tenant, domain: str = "address__domain") -> Q:
    """Return the condition of people who see only some domains; empty for everybody else."""
    scope = tenant.domain_scope
    return Q() if scope is None else Q(**{f"{domain}__in": scope})


def within(tenant: Tenant, domain: str = "pk") -> Q:
    """Return the condition for rows of `tenant`; of a reseller or operator, also all below it.

    `domain` is the path from a row to its domain, for people who see only some domains.
    """
    if tenant.domain_scope is not None:
        return Q(tenant=tenant, **{f"{domain}__in": tenant.domain_scope})
    if tenant.kind == TenantKind.COMPANY:
        return Q(tenant=tenant)
    if tenant.kind == TenantKind.OPERATOR:
        return Q()
    return Q(tenant__path__startswith=tenant.path)


def having_part(
    mailboxes: QuerySet[Mailbox], part: str, *, most: int | None = MAX_FOUND
) -> QuerySet[Mailbox]:
    """Return those of `mailboxes` whose address or name contains `part` («tran» finds «Trần»).

    Two index scans joined by UNION: one condition with OR over two tables would read them whole.
    One or two letters are looked for at the beginning of words only, since no index knows them
    inside. At most `most` of each kind are found: whoever sees so many types on. Their ids are
    fetched here, so that counting them and showing a page of them search only once. One query;
    none with `most` None, which finds all.
    """
    wanted = part.replace("\0", "").strip()[:MAX_PART]
    if not wanted:
        return mailboxes
    folded = mailboxes.alias(folded=Fold("name"))
    if len(wanted) < TRIGRAM:
        by_address = mailboxes.filter(address__email__startswith=fold(wanted))
        begins = Q(folded__startswith=fold(wanted)) | Q(folded__contains=f" {fold(wanted)}")
        by_name = folded.filter(begins)
    else:
        by_address = mailboxes.filter(address__email__contains=address_part(wanted))
        by_name = folded.filter(folded__contains=fold(wanted))
    found = by_address.order_by().values("pk")[:most].union(by_name.order_by().values("pk")[:most])
    if most is None:
        return mailboxes.filter(pk__in=found)
    return mailboxes.filter(pk__in=[pk for (pk,) in found.values_list("pk")])


def address_part(part: str) -> str:
    """Return `part` as it stands in stored addresses: no marks, a domain as A-labels."""
    local, at, domain = part.rpartition("@")
    if "." not in domain:
        return fold(part)
    try:
        return f"{fold(local)}{at}{parse_domain_name(domain, allow_public_suffix=True)}"
    except NameRefused:
        return fold(part)
