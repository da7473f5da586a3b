"""What the tests of domains share: actors, a plan with limits, a name server of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Plan, Role, Tenant
from accounts.selectors import place_of
from domains.models import Domain, DomainStatus
from domains.services.set_scope import set_scope
from portal.config import stack as running_stack
from tests.domains.name_server import NameServer
from tests.world import Person, World, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.http import HttpResponseBase

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


@pytest.fixture
def outside(world: World) -> Person:
    """Somebody of the same company whose mailbox lies in another domain."""
    inside = world.domain
    world.domain = Domain.objects.create(
        tenant=world.tenant,
        name=f"{unique('khac')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="t",
        verified_at=inside.verified_at,
    )
    person = world.person()
    world.domain = inside
    return person


def narrowed(world: World, admin: Actor, role: Role = Role.DOMAIN_ADMIN) -> Actor:
    """Return an admin of the world's domain only, as a request makes him."""
    person = world.admin_of(world.tenant, role).user
    set_scope(
        actor=admin, tenant=world.tenant, person=person, role=role, domain_ids=[world.domain.pk]
    )
    place = place_of(person, world.tenant.pk)
    return Actor(person, place.tenant, place.roles, domain_ids=place.domain_ids)


def ask(actor: Actor, path: str, data: Mapping[str, Any] | None = None) -> HttpResponseBase:
    assert actor.user is not None
    assert actor.tenant is not None
    client = Client()
    client.force_login(actor.user, backend="accounts.backends.LoginNameBackend")
    url = f"/portal/{actor.tenant.pk}/{path}"
    return client.get(url) if data is None else client.post(url, dict(data))
