"""What a deletion touches: what points to the addresses that go, and what will bounce then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from domains.models import (
    Address,
    AliasTarget,
    CatchAll,
    Domain,
    ForwarderTarget,
    GroupMember,
    Mailbox,
    MailboxStatus,
)
from domains.names import RESERVED_LOCALPARTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from accounts.models import Tenant
    from domains.models import Alias, Forwarder, Group, Job

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Pointer:
    """Something that sends mail to what is deleted. `bounces`: nobody reads it afterwards."""

    kind: str  # alias, forwarder, group, mailbox (it forwards), catch-all
    address: str
    bounces: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Pointers, those that bounce first; `more` were found beyond the ones listed.

    People who see only some domains are shown those of these; the others only count.
    """

    pointers: tuple[Pointer, ...]
    total: int
    bouncing: int

    @property
    def more(self) -> int:
        """How many are not listed."""
        return self.total - len(self.pointers)


def report_of_mailbox(tenant: Tenant, mailbox: Mailbox) -> Report:
    """Return what deleting the mailbox touches. Seven queries."""
    return _report(tenant, Address.objects.filter(pk=mailbox.address_id), (mailbox.tenant_id,))


def report_of_alias(tenant: Tenant, alias: Alias) -> Report:
    """Return what deleting the alias touches."""
    return _report(tenant, Address.objects.filter(pk=alias.address_id), (alias.tenant_id,))


def report_of_forwarder(tenant: Tenant, forwarder: Forwarder) -> Report:
    """Return what deleting the forwarder touches."""
    return _report(tenant, Address.objects.filter(pk=forwarder.address_id), (forwarder.tenant_id,))


def report_of_group(tenant: Tenant, group: Group) -> Report:
    """Return what deleting the group touches."""
    return _report(tenant, Address.objects.filter(pk=group.address_id), (group.tenant_id,))


def report_of_domain(tenant: Tenant, domain: Domain) -> Report:
    """Return what outside of the domain points into it."""
    return _report(tenant, Address.objects.filter(domain=domain), (domain.tenant_id,))


def report_of_job(tenant: Tenant, job: Job) -> Report:
    """Return what deleting everything the job names touches. Queries do not grow with the rows."""
    field = {
        "alias_delete": "alias__in",
        "forwarder_delete": "forwarder__in",
        "domain_delete": "domain__in",
    }.get(job.kind, "mailbox__in")
    targets = job.rows.values("target_id")
    going = Address.objects.filter(**{field: targets})
    tenants = tuple(going.order_by().values_list("tenant_id", flat=True).distinct()[:1000])
    return _report(tenant, going, tenants)


def _report(tenant: Tenant, going: QuerySet[Address], tenants: Collection[int]) -> Report:
    ids = going.order_by().values("pk")
    emails = going.order_by().values("email")
    pointers: list[Pointer] = []
    aliases = (
        AliasTarget.objects.filter(address__in=ids)
        .exclude(alias__address__in=ids)
        .values("alias__address__email", "alias__address__localpart", "alias_id")
        .annotate(gone=Count("pk"))
        .order_by("alias__address__email")
    )
    found = list(aliases)
    left = dict(
        AliasTarget.objects.filter(alias__in=[row["alias_id"] for row in found])
        .exclude(address__in=ids)
        .exclude(address__mailbox__status=MailboxStatus.DELETING)
        .values("alias_id")
        .annotate(n=Count("pk"))
        .values_list("alias_id", "n")
    )
    pointers += [
        Pointer(
            "alias",
            row["alias__address__email"],
            # postmaster and abuse go to the next mailbox by themselves
            bounces=not left.get(row["alias_id"])
            and row["alias__address__localpart"] not in RESERVED_LOCALPARTS,
        )
        for row in found
    ]
    here = Q(forwarder__tenant__in=tenants)
    targets = list(
        ForwarderTarget.objects.filter(here, email__in=emails)
        .exclude(forwarder__address__in=ids)
        .values_list("forwarder_id", "forwarder__address__email")
        .distinct()
        .order_by("forwarder__address__email")
    )
    others = dict(
        ForwarderTarget.objects.filter(forwarder__in=[pk for pk, _email in targets])
        .exclude(email__in=emails)
        .values("forwarder_id")
        .annotate(n=Count("pk"))
        .values_list("forwarder_id", "n")
    )
    pointers += [Pointer("forwarder", email, bounces=not others.get(pk)) for pk, email in targets]
    pointers += _groups(going)
    pointers += _forwarding(tenants, going)
    pointers += [
        Pointer("catch-all", f"@{name}", bounces=True)
        for name in CatchAll.objects.filter(address__in=ids)
        .values_list("domain__name", flat=True)
        .order_by("domain__name")
    ]
    pointers.sort(key=lambda p: (not p.bounces, p.kind, p.address))
    listed = pointers
    if tenant.domain_scope is not None and pointers:
        names = Domain.objects.filter(pk__in=tenant.domain_scope).values_list("name", flat=True)
        seen = set(names)
        listed = [p for p in pointers if p.address.rpartition("@")[2] in seen]
    return Report(
        tuple(listed[:SHOWN]), len(pointers), sum(pointer.bounces for pointer in pointers)
    )


def _groups(going: QuerySet[Address]) -> list[Pointer]:
    ids = going.order_by().values("pk")
    rows = GroupMember.objects.filter(address__in=ids).exclude(group__address__in=ids)
    found = list(
        rows.values_list("group_id", "group__address__email").distinct().order_by("group_id")
    )
    left = set(
        GroupMember.objects.filter(group__in=[pk for pk, _email in found])
        .exclude(address__in=ids)
        .exclude(address__mailbox__status=MailboxStatus.DELETING)
        .values_list("group_id", flat=True)
    )
    return [Pointer("group", email, bounces=pk not in left) for pk, email in found]


def _forwarding(tenants: Collection[int], going: QuerySet[Address]) -> list[Pointer]:
    forwarding = list(
        Mailbox.objects.filter(tenant__in=tenants)
        .exclude(forward_to=[])
        .exclude(address__in=going.order_by().values("pk"))
        .values_list("address__email", "forward_to", "keep_copy")
        .order_by("address__email")
    )
    wanted = {target for _email, targets, _keep in forwarding for target in targets}
    gone = set(going.filter(email__in=wanted).order_by().values_list("email", flat=True))
    return [
        Pointer("mailbox", email, bounces=not keep and set(targets) <= gone)
        for email, targets, keep in forwarding
        if gone & set(targets)
    ]
