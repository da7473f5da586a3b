"""Ends imported customers that nobody used since; whoever is in use stays, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import (
    ENDED,
    AuditEvent,
    Invitation,
    Membership,
    Plan,
    Tenant,
    TenantStatus,
    User,
)
from accounts.services.terminate_tenant import terminate_tenant
from domains.models import Address, Domain, RowState
from domains.names import show_domain
from domains.services.carry_import import refuse
from portal.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from domains.models import Job, JobRow


def carry_undo_customers(actor: Actor, job: Job, rows: Sequence[JobRow]) -> None:
    """End one after the other and write into each row what became of it.

    Nothing waits for days of grace: there is nothing in them. The caller holds the seller's tenant, so
    that nobody opens anything below meanwhile.
    """
    for row in rows:
        tenant = Tenant.objects.filter(parent=job.tenant, pk=row.target_id or 0).first()
        if tenant is None:
            refuse(row, _("It is no customer here any more."))
        elif tenant.status in ENDED:
            row.state, row.message = RowState.SKIPPED, _("It has ended already.")
        else:
            _end(actor, job, row, tenant)


def _end(actor: Actor, job: Job, row: JobRow, tenant: Tenant) -> None:
    try:
        with transaction.atomic():
            # Who accepts an invitation begins with its row, so from here on nobody comes in.
            invited = Invitation.objects.filter(tenant=tenant, accepted_at=None)
            list(invited.select_for_update())
            if reason := _in_use(tenant, row.found.get("domains", ())):
                refuse(row, reason)
                return
            invited.delete()
            terminate_tenant(actor=actor, tenant=tenant, grace_days=0, reason=str(job))
    except PortalError as exc:
        refuse(row, str(exc.message))
    else:
        row.state = RowState.DONE
        row.message = _("Ended; its name and domains are free again within a minute or two.")


def _in_use(tenant: Tenant, imported: Sequence[str]) -> str:
    """Return why the tenant stays, in words; empty when nobody used it. At most six queries."""
    mailboxes = AuditEvent.objects.filter(tenant_id=tenant.pk, action="mailbox.create")
    if Address.objects.filter(tenant=tenant).exists() or mailboxes.exists():
        return _("Mailboxes or other addresses were opened in it, so it stays.")
    if (
        User.objects.filter(tenant=tenant).exists()
        or Membership.objects.filter(tenant=tenant).exists()
    ):
        return _("Somebody came in by the invitation, so it stays.")
    added = Domain.objects.filter(tenant=tenant).exclude(name__in=imported).order_by("pk").first()
    if added is not None:
        return _("The domain %(domain)s was added later, so it stays.") % {
            "domain": show_domain(added.name)
        }
    if tenant.children.exclude(status=TenantStatus.PURGED).exists():
        return _("It has customers of its own, so it stays.")
    if Plan.objects.filter(tenant=tenant).exists():
        return _("It has plans of its own, so it stays.")
    return ""
