"""Mailboxes: of a tenant for admins, of a person for the webmail, by address for the mail road."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from django.db.models import BigIntegerField, Exists, F, Max, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from accounts.models import User
from domains.errors import MailboxSuspended, PersonSuspended
from domains.models import (
    AliasTarget,
    CatchAll,
    Domain,
    DomainStatus,
    ForwarderTarget,
    LastSignIn,
    Mailbox,
    MailboxStatus,
)
from domains.selectors.grants import Sender, with_twins
from domains.selectors.search import MAX_FOUND, having_part, within
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from django.db.models import QuerySet

    from accounts.models import Tenant

NEAR_FULL = Q(quota_bytes__gt=0, usage__bytes__gte=F("quota_bytes") * 4 / 5)
FILTERS = {
    "full": NEAR_FULL,
    "suspended": Q(status=MailboxStatus.SUSPENDED),
    "deleting": Q(status=MailboxStatus.DELETING),
}


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A mailbox in a list. `aliases` are whole addresses; `last_sign_in_at` None: never."""

    mailbox: Mailbox
    email: str
    used_bytes: int
    aliases: tuple[str, ...]
    last_sign_in_at: datetime | None

    @property
    def percent(self) -> int | None:
        """Use of the quota in per cent; None without a quota."""
        quota = self.mailbox.quota_bytes
        return round(self.used_bytes * 100 / quota) if quota else None


@dataclass(frozen=True, slots=True)
class SignIn:
    """When a protocol (imap, pop3, smtp, sieve) last opened a mailbox."""

    service: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Incoming:
    """Another address whose mail arrives in a mailbox: an alias, a forwarder or a catch-all.

    Kind "twin": the same address at an alias domain.
    """

    kind: str
    pk: int  # of the alias, the forwarder, or the domain (of a catch-all or twin)
    address: str
    is_enabled: bool


def mailboxes_of(tenant: Tenant) -> QuerySet[Mailbox]:
    """Return the mailboxes of `tenant` (resellers, operators: and of all below) with `used_bytes`."""
    scope = within(tenant, "address__domain")
    return (
        Mailbox.objects.filter(scope)
        .annotate(used_bytes=Coalesce("usage__bytes", Value(0), output_field=BigIntegerField()))
        .select_related("address")
    )


def filtered_mailboxes(
    tenant: Tenant,
    *,
    part: str = "",
    state: str = "",
    domain_id: int = 0,
    most: int | None = MAX_FOUND,
) -> QuerySet[Mailbox]:
    """Return the list's rows, unordered: `part` of address or name, `state` of FILTERS.

    With `part` at most `most` of each kind, None: all of them.
    """
    # Every mailbox has its row of usage, and the inner join lets an index give the order.
    rows = mailboxes_of(tenant).filter(usage__isnull=False).select_related("address", "usage")
    if domain_id:
        rows = rows.filter(address__domain=domain_id)
    if state in FILTERS:
        rows = rows.filter(FILTERS[state])
    return having_part(rows, part, most=most)


def mailbox_rows(mailboxes: Sequence[Mailbox]) -> list[MailboxRow]:
    """Return the mailboxes of one page with aliases and last sign-in. Two queries in all."""
    aliases: dict[int, list[str]] = {}
    for address_id, email in (
        AliasTarget.objects.filter(address__in=[m.address_id for m in mailboxes])
        .order_by("alias__address__email")
        .values_list("address_id", "alias__address__email")
    ):
        aliases.setdefault(address_id, []).append(email)
    seen = dict(
        LastSignIn.objects.filter(mailbox__in=[m.pk for m in mailboxes])
        .values("mailbox_id")
        .annotate(latest=Max("at_epoch"))
        .values_list("mailbox_id", "latest")
    )
    return [
        MailboxRow(
            mailbox,
            mailbox.address.email,
            mailbox.used_bytes,  # type: ignore[attr-defined]  # annotated by mailboxes_of
            tuple(aliases.get(mailbox.address_id, ())),
            datetime.fromtimestamp(seen[mailbox.pk], UTC) if mailbox.pk in seen else None,
        )
        for mailbox in mailboxes
    ]


def mailbox_row(
    mailbox: Mailbox, incoming: Sequence[Incoming], sign_ins: Sequence[SignIn]
) -> MailboxRow:
    """Return the row of a mailbox whose `targets_at` and `sign_ins_of` are known. No query."""
    return MailboxRow(
        mailbox,
        mailbox.address.email,
        mailbox.used_bytes,  # type: ignore[attr-defined]  # annotated by mailbox_of
        tuple(one.address for one in incoming if one.kind == "alias"),
        sign_ins[0].at if sign_ins else None,
    )


def mailbox_of(tenant: Tenant, mailbox_id: int) -> Mailbox:
    """Return a mailbox of `tenant` itself. Raises NotFound."""
    found = (
        Mailbox.objects.of(tenant)
        .annotate(used_bytes=Coalesce("usage__bytes", Value(0), output_field=BigIntegerField()))
        .select_related(
            "address", "address__domain", "tenant", "owner", "owner__tenant", "departure", "usage"
        )
        .filter(pk=mailbox_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def mailboxes_of_person(user: User) -> QuerySet[Mailbox]:
    """Return the mailboxes `user` may open now, the one of his own sign-in address first."""
    if not user.is_active:
        return Mailbox.objects.none()
    own = Q(address__email=user.email)
    return (
        Mailbox.objects.filter(
            owner=user, status=MailboxStatus.ACTIVE, address__domain__status=DomainStatus.ACTIVE
        )
        .alias(is_own=own)
        .select_related("address", "address__domain", "tenant")
        .order_by("-is_own", "address__email")
    )


def mailbox_of_person(user: User, mailbox_id: int) -> Mailbox:
    """Return a mailbox that `user` owns and may open now.

    Raises NotFound for what is not his, gone or going; PersonSuspended and MailboxSuspended,
    which say so, for what he may not open at present.
    """
    found = (
        Mailbox.objects.filter(owner=user, pk=mailbox_id)
        .exclude(status=MailboxStatus.DELETING)
        .select_related("address", "address__domain", "tenant")
        .first()
    )
    if found is None:
        raise NotFound
    if not user.is_active:
        raise PersonSuspended
    if (
        found.status == MailboxStatus.SUSPENDED
        or found.address.domain.status != DomainStatus.ACTIVE
    ):
        raise MailboxSuspended
    return found


def owners_beyond(domain_ids: frozenset[int] | None, people: Collection[int]) -> set[int]:
    """Return those of `people` who have a mailbox outside of these domains; None: every domain.

    One query at most.
    """
    if domain_ids is None:
        return set()
    beyond = User.objects.filter(pk__in=people).filter(
        Exists(Mailbox.objects.filter(owner=OuterRef("pk")).exclude(address__domain__in=domain_ids))
    )
    return set(beyond.values_list("pk", flat=True))


def mailbox_by_address(address: str) -> Mailbox | None:
    """Return the mailbox at exactly this address, whatever its status; None when there is none."""
    return (
        Mailbox.objects.select_related("address", "address__domain", "tenant", "owner")
        .filter(address__email=address.strip().lower())
        .first()
    )


def sender_addresses(mailbox: Mailbox) -> list[str]:
    """Return the addresses the mailbox may send as: its own first, then its enabled aliases.

    Each is there once more for every alias domain of its domain. Two queries.
    """
    aliases = (
        AliasTarget.objects.filter(address=mailbox.address_id, alias__is_enabled=True)
        .order_by("alias__address__email")
        .values_list("alias__address__email", flat=True)
    )
    own = [mailbox.address.email, *aliases]
    return own + [one.email for one in with_twins(Sender(email, "") for email in own)]


def sign_ins_of(mailbox: Mailbox) -> list[SignIn]:
    """Return when each protocol last opened the mailbox, newest first. One query."""
    rows = LastSignIn.objects.filter(mailbox=mailbox).order_by("-at_epoch")
    return [SignIn(row.service, datetime.fromtimestamp(row.at_epoch, UTC)) for row in rows]


def targets_at(mailbox: Mailbox) -> list[Incoming]:
    """Return the other addresses whose mail arrives in the mailbox. Three queries."""
    email = mailbox.address.email
    aliases = [
        Incoming("alias", row.alias_id, row.alias.address.email, row.alias.is_enabled)
        for row in AliasTarget.objects.filter(address=mailbox.address_id)
        .select_related("alias", "alias__address")
        .order_by("alias__address__email")
    ]
    forwarders = [
        Incoming(
            "forwarder", row.forwarder_id, row.forwarder.address.email, row.forwarder.is_enabled
        )
        for row in ForwarderTarget.objects.filter(email=email, forwarder__tenant=mailbox.tenant)
        .select_related("forwarder", "forwarder__address")
        .order_by("forwarder__address__email")
    ]
    local = email.rpartition("@")[0]
    nets = CatchAll.objects.filter(address=mailbox.address_id).values_list(
        "domain_id", "domain__name", Value("catch-all")
    )
    same = Domain.objects.filter(alias_of=mailbox.address.domain_id)
    found = sorted(nets.union(same.values_list("pk", "name", Value("twin"))), key=itemgetter(1))
    nets_and_twins = [
        Incoming(kind, pk, f"{local if kind == 'twin' else ''}@{name}", is_enabled=True)
        for pk, name, kind in found
    ]
    return [*aliases, *forwarders, *nets_and_twins]
