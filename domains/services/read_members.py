"""Reads who a group's mail goes to, and refuses what does not exist or would go in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from domains.errors import TargetRefused, TooManyTargets
from domains.models import Address, Domain, GroupMember
from domains.names import NameRefused, parse_address, show_address
from domains.services.read_targets import refuse_loops

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import Tenant
    from domains.models import Group

MAX_MEMBERS = 10_000
MAX_SENDERS = 200


def read_addresses(texts: Iterable[str], *, field: str, most: int) -> list[str]:
    """Return the addresses typed, normal, once each. Raises TargetRefused, TooManyTargets."""
    lines = [line for text in texts if (line := text.strip(" \t,;"))]
    if len(lines) > most:
        raise TooManyTargets(
            ngettext(
                "At most %(max)d address fits here, not %(n)d.",
                "At most %(max)d addresses fit here, not %(n)d.",
                most,
            )
            % {"max": most, "n": len(lines)},
            field=field,
        )
    found: dict[str, None] = {}
    for line in lines:
        try:
            found[str(parse_address(line))] = None
        except NameRefused as exc:
            shown = "".join(c if c.isprintable() else "·" for c in line[:60])
            raise TargetRefused(f"“{shown}”: {exc.message}", field=field, detail=exc.code) from exc
    return list(found)


def resolve(emails: Iterable[str], tenant: Tenant, *, field: str) -> dict[str, Address | None]:
    """Return the addresses as they are delivered to: a tenant's own with its row, others with None.

    Raises TargetRefused for an address of the tenant's own domains that does not exist.
    """
    wanted = list(emails)
    hosts = {
        name: behind or name
        for name, behind in Domain.objects.of(tenant)
        .filter(name__in={email.rpartition("@")[2] for email in wanted})
        .values_list("name", "alias_of__name")
    }
    plain = {email: _plain(email, hosts) for email in wanted}
    rows = {
        row.email: row for row in Address.objects.filter(tenant=tenant, email__in=plain.values())
    }
    found: dict[str, Address | None] = {}
    for email, one in plain.items():
        row = rows.get(one)
        if row is None and email.rpartition("@")[2] in hosts:
            raise TargetRefused(
                _("%(address)s does not exist yet. Create it first, or correct the spelling.")
                % {"address": show_address(email)},
                field=field,
            )
        found[row.email if row else email] = row
    return found


def refuse_circles(group: Group, found: dict[str, Address | None], *, field: str) -> None:
    """Raise ForwardLoop when one of the members would bring the mail back to the group.

    Only members that pass mail on are followed: thousands of plain mailboxes cost one query. Hold
    `lock_forwarding` meanwhile.
    """
    ours = [row.pk for row in found.values() if row is not None]
    passing_on = Address.objects.filter(pk__in=ours).filter(
        Q(mailbox__isnull=True) | ~Q(mailbox__forward_to=[])
    )
    following = set(passing_on.values_list("email", flat=True))
    outside = {email for email, row in found.items() if row is None}
    hosted = set(
        Domain.objects.filter(name__in={one.rpartition("@")[2] for one in outside}).values_list(
            "name", flat=True
        )
    )
    following |= {one for one in outside if one.rpartition("@")[2] in hosted}
    if following:
        refuse_loops(group.address.email, sorted(following), group.tenant, field=field)


def count_members(group: Group) -> int:
    """Return how many members the group has."""
    return GroupMember.objects.filter(group=group).count()


def _plain(email: str, hosts: dict[str, str]) -> str:
    local, _at, host = email.rpartition("@")
    if host not in hosts:
        return email
    return f"{local.partition('+')[0]}@{hosts[host]}"
