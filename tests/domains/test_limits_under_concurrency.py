"""Fifty people create at one moment while ten places are free: exactly ten get one."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, connections

from accounts.models import Plan
from domains.errors import ChangedMeanwhile
from domains.models import Domain, Mailbox
from domains.services.change_mailbox import change_mailbox
from domains.services.provision_mailbox import provision_mailbox
from domains.services.register_domain import register_domain
from portal.errors import LimitReached, PortalError
from tests.domains.conftest import acting
from tests.world import World, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CROWD = 50
FREE = 10


@pytest.fixture
def wide_pool(live: World) -> Iterator[None]:
    """As many connections as there are threads, which many web processes have together."""
    pool = connection.settings_dict["OPTIONS"]["pool"]
    connection.close_pool()  # type: ignore[attr-defined]  # of the PostgreSQL wrapper
    connection.settings_dict["OPTIONS"]["pool"] = pool | {"max_size": CROWD + 2, "timeout": 30}
    yield
    connection.close_pool()  # type: ignore[attr-defined]  # of the PostgreSQL wrapper
    connection.settings_dict["OPTIONS"]["pool"] = pool


def all_at_once(work: Callable[[int], Any]) -> Counter[str]:
    """Run `work` in CROWD threads that start together; count results by the error's name."""
    barrier = Barrier(CROWD)

    def one(number: int) -> str:
        barrier.wait()
        try:
            work(number)
        except PortalError as exc:
            return type(exc).__name__
        finally:
            connections.close_all()
        return "made"

    with ThreadPoolExecutor(CROWD) as threads:
        return Counter(threads.map(one, range(CROWD)))


@pytest.mark.usefixtures("wide_pool")
def test_fifty_creates_against_ten_places_make_exactly_ten(live: World) -> None:
    actor = acting(live.tenant)
    live.tenant.plan = Plan.objects.create(
        tenant=live.reseller, name=unique("Plan "), max_mailboxes=FREE
    )
    live.tenant.save(update_fields=["plan"])

    def create(number: int) -> None:
        provision_mailbox(
            actor=actor, domain=live.domain, localpart=f"box{number}", name="Box", shared=True
        )

    assert all_at_once(create) == {"made": FREE, LimitReached.__name__: CROWD - FREE}
    assert Mailbox.objects.filter(tenant=live.tenant).count() == FREE


@pytest.mark.usefixtures("wide_pool")
def test_fifty_people_who_want_one_address_get_one_mailbox(live: World) -> None:
    actor = acting(live.tenant)

    def create(_number: int) -> None:
        provision_mailbox(
            actor=actor, domain=live.domain, localpart="same", name="Same", shared=True
        )

    assert all_at_once(create) == {"made": 1, "AddressTaken": CROWD - 1}


@pytest.mark.usefixtures("wide_pool")
def test_fifty_people_who_want_one_domain_get_it_once(live: World) -> None:
    actor = acting(live.tenant)
    name = f"{unique('viet')}.test"

    def register(number: int) -> None:
        register_domain(actor=actor, tenant=live.tenant, name=name if number % 2 else f"{name}.")

    assert all_at_once(register) == {"made": 1, "DomainListed": CROWD - 1}
    assert Domain.objects.filter(name=name).count() == 1


@pytest.mark.usefixtures("wide_pool")
def test_of_fifty_admins_who_save_one_page_one_wins_and_the_others_are_told(live: World) -> None:
    actor = acting(live.tenant)
    mailbox = live.person().box

    def save(number: int) -> None:
        change_mailbox(actor=actor, mailbox=mailbox, version=0, name=f"Name {number}")

    assert all_at_once(save) == {"made": 1, ChangedMeanwhile.__name__: CROWD - 1}
    mailbox.refresh_from_db()
    assert mailbox.version == 1
