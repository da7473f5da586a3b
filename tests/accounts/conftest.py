"""What tests of accounts share: actors made from the cast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.actor import Actor
from accounts.models import Role
from accounts.selectors import place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.models import Tenant, User
    from tests.world import World

GOOD_PASSWORD = "mưa rào tháng sáu 77"


def acting(user: User, tenant: Tenant) -> Actor:
    """Return the actor that a request of `user` in `tenant` makes."""
    place = place_of(user, tenant.pk)
    return Actor(user, place.tenant, place.roles, "192.0.2.7", "request-1", place.via)


@pytest.fixture
def admin(world: World) -> Actor:
    """The company's admin, acting in the company."""
    return acting(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user, world.tenant)


@pytest.fixture
def reseller(world: World) -> Actor:
    """The reseller, acting in his own tenant."""
    return acting(world.admin_of(world.reseller, Role.RESELLER).user, world.reseller)


@pytest.fixture
def as_role(world: World) -> Callable[[Role], Actor]:
    """Somebody with the given role in the company, acting there."""

    def make(role: Role) -> Actor:
        return acting(world.admin_of(world.tenant, role).user, world.tenant)

    return make
