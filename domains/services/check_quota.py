"""Refuses storage limits that are negative, too large for the plan or missing where one is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.selectors import limits_of
from domains.errors import QuotaRefused
from domains.services.require_room import chain_of
from portal.templatetags.ui import filesize

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.models import Tenant

DEFAULT_QUOTA = 5_000_000_000
LARGEST = 2**53  # nine petabytes: what JSON and Dovecot can both write down


def check_quota(tenant: Tenant, quota_bytes: int) -> None:
    """Raise QuotaRefused, on the field `quota`, unless the plan allows it. 0: no limit of its own."""
    quota_rule(tenant)(quota_bytes)


def quota_rule(tenant: Tenant) -> Callable[[int], None]:
    """Return a check as `check_quota` for many values of one tenant. One query now, none later."""
    largest = largest_quota(tenant)

    def check(quota_bytes: int) -> None:
        _check(quota_bytes, largest)

    return check


def _check(quota_bytes: int, largest: int | None) -> None:
    if quota_bytes < 0:
        raise QuotaRefused(_("Storage cannot be negative."), field="quota")
    if quota_bytes > LARGEST:
        raise QuotaRefused(_("This is more than any disk holds."), field="quota")
    if largest is None:
        return
    if quota_bytes == 0:
        raise QuotaRefused(
            _("Your plan needs a limit for every mailbox: at most %(size)s.")
            % {"size": filesize(largest)},
            field="quota",
        )
    if quota_bytes > largest:
        raise QuotaRefused(
            _("The largest mailbox of your plan is %(size)s.") % {"size": filesize(largest)},
            field="quota",
        )


def largest_quota(tenant: Tenant) -> int | None:
    """Return the largest quota the plans allow; None: none of them says anything. One query."""
    found = [
        size
        for limits in chain_of(limits_of(tenant))
        for size in (limits.max_mailbox_bytes, limits.storage_bytes)
        if size is not None
    ]
    return min(found, default=None)


def offered_quota(largest: int | None) -> int:
    """Return the quota that forms offer at first, within `largest_quota`."""
    return min(DEFAULT_QUOTA, largest or DEFAULT_QUOTA)
