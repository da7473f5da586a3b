"""Holds the limits of plans, also while many people create at once."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, assert_never

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.services.lock_limits import lock_limits
from domains.models import RoomUsage
from portal.errors import LimitReached
from portal.templatetags.ui import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from accounts.models import Tenant
    from accounts.selectors import Limits


class Room(StrEnum):
    """What a plan counts; the value is the plan's field."""

    DOMAINS = "max_domains"
    MAILBOXES = "max_mailboxes"
    ALIASES = "max_aliases"
    FORWARDERS = "max_forwarders"
    GROUPS = "max_lists"


def require_room(
    tenant: Tenant, room: Room, *, wanted: int = 1, moved_from: Tenant | None = None
) -> Limits:
    """Raise LimitReached unless `wanted` more fit into the plan and every plan above it.

    What comes from `moved_from` is counted already by the tenants above both.

    Call it inside the creating transaction: it locks the tenant and those above it, so that
    whoever creates beside us waits and then counts our row. Returns the limits. Two queries.
    """
    limits = lock_limits(tenant, field=room, below=partial(rows_below, room))
    for one in chain_of(limits):
        if moved_from is not None and moved_from.path.startswith(one.tenant_path):
            continue
        allowed: int | None = getattr(one, room)
        if allowed is not None and (one.used or 0) + wanted > allowed:
            raise LimitReached(
                _refusal(room, allowed, own=one.tenant_id == tenant.pk),
                detail=f"{room} of tenant {one.tenant_id}",
            )
    return limits


def room_left(tenant: Tenant, room: Room) -> int | None:
    """Return how many more fit into the plan and every plan above it; None: no limit.

    Call it inside the creating transaction; it locks as `require_room` does.
    """
    limits = lock_limits(tenant, field=room, below=partial(rows_below, room))
    left = (
        max(0, allowed - (one.used or 0))
        for one in chain_of(limits)
        if (allowed := getattr(one, room)) is not None
    )
    return min(left, default=None)


def chain_of(limits: Limits) -> Iterator[Limits]:
    """Yield the tenant's own limits, then those above."""
    yield limits
    yield from limits.ceilings


def rows_below(room: Room, path: str) -> QuerySet[RoomUsage]:
    """Return the counters of what a plan counts below `path`, those on their way out included.

    postmaster and abuse, which every domain gets, are no aliases here. After `lock_limits` they
    are read by a statement of its own: only then it sees what those wrote whom the lock waited for.
    """
    return RoomUsage.objects.filter(room=room, tenant__path__startswith=path)


def count_of(room: Room, path: str) -> int:
    """Return how many exist below `path`."""
    return int(rows_below(room, path).aggregate(n=Sum("used", default=0))["n"])


def _refusal(room: Room, allowed: int, *, own: bool) -> str:
    if not own:
        return _("Your provider's contract is full. Please ask your provider to enlarge it.")
    way_out = _("Delete one that nobody needs, or ask for a larger plan.")
    return f"{_full(room, allowed)} {way_out}"


def _full(room: Room, allowed: int) -> str:
    match room:
        case Room.DOMAINS:
            words = ngettext(
                "Your plan allows %(n)s domain, and it is in use.",
                "Your plan allows %(n)s domains, and all are in use.",
                allowed,
            )
        case Room.MAILBOXES:
            words = ngettext(
                "Your plan allows %(n)s mailbox, and it is in use.",
                "Your plan allows %(n)s mailboxes, and all are in use.",
                allowed,
            )
        case Room.ALIASES:
            words = ngettext(
                "Your plan allows %(n)s alias, and it is in use.",
                "Your plan allows %(n)s aliases, and all are in use.",
                allowed,
            )
        case Room.FORWARDERS:
            words = ngettext(
                "Your plan allows %(n)s forwarder, and it is in use.",
                "Your plan allows %(n)s forwarders, and all are in use.",
                allowed,
            )
        case Room.GROUPS:
            words = ngettext(
                "Your plan allows %(n)s group, and it is in use.",
                "Your plan allows %(n)s groups, and all are in use.",
                allowed,
            )
        case _:
            assert_never(room)
    return words % {"n": number(allowed)}
