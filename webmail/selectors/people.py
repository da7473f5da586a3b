"""Whom the recipient field suggests: people written to before, then the directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.models import Tenant
from domains.selectors import directory_of
from webmail.models import CollectedAddress

if TYPE_CHECKING:
    from webmail.identity import MailIdentity

MOST = 8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody to write to. `used_count` 0: never written to; `is_colleague`: of the same company."""

    name: str
    email: str
    used_count: int
    is_colleague: bool


def suggestions(identity: MailIdentity, part: str) -> list[Suggestion]:
    """Return at most MOST people whose name or address contains `part`, best known first.

    Two or three queries, whatever the size of company and address book.
    """
    wanted = part.replace("\0", "").strip()[:100]
    if not wanted:
        return []
    tenant = Tenant.objects.get(pk=identity.tenant_id)
    colleagues = {
        entry.email: entry.name for entry in directory_of(tenant, part=wanted, limit=3 * MOST)
    }
    known = CollectedAddress.objects.filter(mailbox=identity.mailbox_id).filter(
        Q(email__icontains=wanted) | Q(name__icontains=wanted) | Q(email__in=list(colleagues))
    )
    found = {
        row.email: Suggestion(
            colleagues.get(row.email) or row.name,
            row.email,
            row.used_count,
            row.email in colleagues,
        )
        for row in known.order_by("-used_count", "-used_at")[:MOST]
    }
    for email, name in colleagues.items():
        found.setdefault(email, Suggestion(name, email, 0, is_colleague=True))
    found.pop(identity.address, None)
    return list(found.values())[:MOST]
