"""What the tests of domains share: actors, a plan with limits, a name server of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.actor import Actor
from accounts.models import Plan, Role, Tenant
from portal.config import stack as running_stack
from tests.domains.name_server import NameServer
from tests.world import World, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accounts.models import User


def acting(tenant: Tenant, role: Role = Role.COMPANY_ADMIN, user: User | None = None) -> Actor:
    """Return somebody who acts in `tenant` with a role of his own there."""
    who = user or World(tenant, tenant, None).admin_of(tenant, role).user  # type: ignore[arg-type]  # no domain needed
    return Actor(user=who, tenant=tenant, roles=frozenset({role}))


@pytest.fixture
def admin(world: World) -> Actor:
    """The company's admin."""
    return acting(world.tenant)


@pytest.fixture
def plan(world: World) -> Callable[..., Plan]:
    """Put the company on a plan with the limits given."""

    def put(tenant: Tenant | None = None, **limits: int) -> Plan:
        tenant = tenant or world.tenant
        made = Plan.objects.create(tenant=world.reseller, name=unique("Plan "), **limits)
        tenant.plan = made
        tenant.save(update_fields=["plan"])
        return made

    return put


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """A name server that says what the test tells it; the resolver asks it and nobody else."""
    with NameServer() as server:
        monkeypatch.setattr(running_stack(), "dns_servers", [server.address])
        yield server
