"""Empties domains and tenants whose days of grace are over, in batches, and writes the proof.

The steps, each safe to repeat: every mailbox inside is marked as due, `purge_deleted` frees them, the
agent deletes their homes, then what is left of names goes, and last the domain or tenant itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import LoginName, Tenant, TenantStatus
from accounts.services.note_access_change import note_access_change
from accounts.services.purge_tenant import purge_tenant
from accounts.services.record_audit import record_audit
from domains.models import (
    Address,
    Alias,
    Consent,
    Domain,
    DomainStatus,
    Forwarder,
    Group,
    Mailbox,
    MailboxStatus,
    MailHomeChange,
)
from domains.services.purge_deleted import purge_deleted
from portal.nudge import after_commit

if TYPE_CHECKING:
    from django.db.models import QuerySet

BATCH = 200
TASK = "domains.purge_deleted"
LONGEST_SECONDS = 180  # of the task
_ONE_PURGES = "domains:purge_ended"  # cache key


def purge_what_is_over() -> int:
    """Do one batch unless another worker is at it, and wake the next when there may be more."""
    if not cache.add(_ONE_PURGES, 1, timeout=LONGEST_SECONDS):
        return 0
    try:
        gone = purge_ended()
    finally:
        cache.delete(_ONE_PURGES)
    if gone:
        after_commit(TASK)
    return gone


def purge_ended(*, batch: int = BATCH) -> int:
    """Do the next steps for everything that is over; return how many rows went. Idempotent."""
    now = timezone.now()
    doomed = list(_over().order_by("pk").values_list("pk", flat=True)[:batch])
    _mark(doomed, batch)
    gone = purge_deleted(batch=batch)
    gone += sum(_finish_domain(domain_id) for domain_id in doomed)
    ended = Tenant.objects.filter(status=TenantStatus.TERMINATED, purge_after__lte=now)
    # the deepest first: a reseller goes after his customers
    for tenant_id in ended.order_by("-path").values_list("pk", flat=True)[:batch]:
        gone += _finish_tenant(tenant_id)
    return gone


def _mark(domains: list[int], batch: int) -> None:
    """Make the mailboxes inside due for `purge_deleted`, whatever their state."""
    due = timezone.now()
    boxes = Mailbox.objects.filter(address__domain__in=domains).exclude(
        status=MailboxStatus.DELETING, delete_after__lte=due
    )
    some = list(boxes.order_by("pk").values_list("pk", flat=True)[:batch])
    Mailbox.objects.filter(pk__in=some).update(status=MailboxStatus.DELETING, delete_after=due)


def _finish_domain(domain_id: int) -> int:
    """Delete the domain once nothing lives in it and no home of it is left on the disk."""
    with transaction.atomic():
        domain = (
            Domain.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("tenant")
            .filter(pk=domain_id)
            .first()
        )
        if domain is None or not _is_over(domain):
            return 0
        homes = MailHomeChange.objects.filter(domain_id=domain.pk)
        inside = Mailbox.objects.filter(address__domain=domain)
        if inside.exists() or homes.filter(done_at=None).exists():
            return 0
        proof = proof_of(homes) | _drop_addresses(domain)
        record_audit(
            Actor.system(domain.tenant),
            domain.tenant,
            action="domain.purge",
            target=("domain", domain.pk, domain.name),
            changes=proof,
        )
        domain.delete()
    return 1


def _is_over(domain: Domain) -> bool:
    return _over().filter(pk=domain.pk).exists()


def _over() -> QuerySet[Domain]:
    """Return the domains whose own day, or whose tenant's, has come."""
    now = timezone.now()
    return Domain.objects.filter(
        Q(status=DomainStatus.DELETING, delete_after__lte=now)
        | Q(tenant__status=TenantStatus.TERMINATED, tenant__purge_after__lte=now)
    )


def _drop_addresses(domain: Domain) -> dict[str, int]:
    """Delete what names are left; in the order that foreign keys want. Returns how many."""
    addresses = Address.objects.filter(domain=domain)
    emails = list(addresses.values_list("email", flat=True))
    aliases = Alias.objects.filter(address__domain=domain)
    forwarders = Forwarder.objects.filter(address__domain=domain)
    groups = Group.objects.filter(address__domain=domain)
    removed = {
        "removed_aliases": aliases.count(),
        "removed_forwarders": forwarders.count(),
        "removed_groups": groups.count(),
    }
    aliases.delete()
    forwarders.delete()
    groups.delete()
    LoginName.objects.filter(address__in=emails).delete()
    addresses.delete()
    for email in emails:
        note_access_change(address=email)
    return removed


def _finish_tenant(tenant_id: int) -> int:
    if Domain.objects.filter(tenant=tenant_id).exists():
        return 0
    homes = MailHomeChange.objects.filter(tenant_id=tenant_id)
    if homes.filter(done_at=None).exists():
        return 0
    Consent.objects.filter(tenant=tenant_id).delete()
    return int(purge_tenant(tenant_id=tenant_id, proof=proof_of(homes)))


def proof_of(homes: QuerySet[MailHomeChange]) -> dict[str, int]:
    """Return what was removed: mailboxes, homes gone from the disk, and their bytes."""
    found = homes.aggregate(
        removed_mailboxes=Count("pk"),
        removed_homes=Count("pk", filter=Q(done_at__isnull=False)),
        removed_bytes=Sum("bytes", default=0),
    )
    return {name: int(value) for name, value in found.items()}
