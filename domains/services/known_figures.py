"""Figures of a tenant for pages: counted now where that is cheap, remembered where it is not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.core.cache import cache

from accounts.models import Tenant
from domains.selectors import figures_of
from portal.nudge import after_commit

if TYPE_CHECKING:
    from domains.selectors import Figures

LARGE = 2000  # mailboxes or aliases; below that counting takes a millisecond
FRESH_SECONDS = 60
KEPT_SECONDS = 86_400
TASK = "domains.refresh_figures"


def known_figures(tenant: Tenant, *, domain_id: int = 0) -> Figures:
    """Return the figures; those of a tenant with thousands of mailboxes may be minutes old.

    What is older than a minute is shown once more and counted anew by a worker, so nobody waits.
    """
    if tenant.domain_scope is not None:
        return figures_of(tenant, domain_id=domain_id)  # what somebody sees is not for others
    known = cache.get(_key(tenant.pk, domain_id))
    if known is None:
        return count_figures(tenant, domain_id=domain_id)
    counted_at, figures = known
    if time.time() - counted_at > FRESH_SECONDS and cache.add(
        f"{_key(tenant.pk, domain_id)}:asked", 1, FRESH_SECONDS
    ):
        after_commit(TASK, tenant.pk, domain_id)
    return figures  # type: ignore[no-any-return]  # written by count_figures only


def count_figures(tenant: Tenant, *, domain_id: int = 0) -> Figures:
    """Count now, and remember the figures of a large tenant."""
    figures = figures_of(tenant, domain_id=domain_id)
    if max(figures.mailboxes, figures.aliases) >= LARGE:
        cache.set(_key(tenant.pk, domain_id), (time.time(), figures), KEPT_SECONDS)
    else:
        cache.delete(_key(tenant.pk, domain_id))
    return figures


def refresh_figures(*, tenant_id: int, domain_id: int = 0) -> None:
    """Count anew for the next page; a tenant that is gone is left alone."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is not None:
        count_figures(tenant, domain_id=domain_id)


def _key(tenant_id: int, domain_id: int) -> str:
    return f"domains:figures5:{tenant_id}:{domain_id}"
