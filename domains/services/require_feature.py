"""Refuses what is no part of the plan; what was switched on before stays on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.models import Feature
from accounts.selectors import limits_of
from domains.selectors import outside_of
from domains.services.require_room import chain_of
from portal.errors import LimitReached

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import Tenant


def has_feature(tenant: Tenant, feature: Feature) -> bool:
    """Return whether neither the plan nor one above leaves `feature` out."""
    return all(feature.value not in limits.left_out for limits in chain_of(limits_of(tenant)))


def require_feature(tenant: Tenant, feature: Feature, *, field: str = "") -> None:
    """Raise LimitReached, on `field`, when the plan or one above leaves `feature` out."""
    if not has_feature(tenant, feature):
        raise LimitReached(
            _("Your plan does not include this: %(feature)s. Ask for a larger plan.")
            % {"feature": feature.label},
            field=field,
        )


def require_forwarding(
    tenant: Tenant, targets: Iterable[str], before: Iterable[str], *, field: str = "targets"
) -> None:
    """Raise LimitReached when `targets` lead outside the tenant and a plan leaves that out.

    Targets that were there `before` stay allowed.
    """
    if outside_of(tenant, set(targets) - set(before)):
        require_feature(tenant, Feature.FORWARD_OUTSIDE, field=field)
