"""Admins hear of a DNS change by mail when two looks have seen it, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core import mail

from accounts.models import Role
from domains.models import Domain
from domains.selectors import expected_records
from domains.services.register_domain import register_domain
from domains.services.request_dns_check import request_dns_check
from domains.services.set_scope import set_scope
from domains.services.verify_dns import verify_dns
from tests.domains.conftest import acting
from tests.domains.name_server import Mood, NameServer
from tests.world import World, unique

if TYPE_CHECKING:
    from django.test import Client

    from accounts.actor import Actor


@pytest.fixture
def domain(world: World, admin: Actor, name_server: NameServer) -> Domain:
    made = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('al')}.test")
    name_server.zone(made.name)
    for record in expected_records(made):
        name_server.put(record.name, record.rdtype, record.value)
    look(admin, made, 3)
    return made


def look(actor: Actor, domain: Domain, times: int) -> None:
    for _ in range(times):
        verify_dns(check_id=request_dns_check(actor=actor, domain=domain).pk)


def mails(actor: Actor) -> list[str]:
    assert actor.user is not None
    return [str(one.subject) for one in mail.outbox if one.to == [actor.user.email]]


def test_setting_a_domain_up_alarms_nobody(domain: Domain, admin: Actor) -> None:
    assert mails(admin) == []


def test_a_change_is_told_when_it_was_seen_twice(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    name_server.put(domain.name, "MX", "10 old.example.")
    look(admin, domain, 1)
    assert mails(admin) == []
    look(admin, domain, 3)
    assert mails(admin) == [f"DNS of {domain.name} needs repair"]


def test_who_was_given_some_domains_hears_of_these_only(
    domain: Domain, admin: Actor, world: World, name_server: NameServer
) -> None:
    his, others, all_of_them = (
        acting(world.tenant, Role.DOMAIN_ADMIN),
        acting(world.tenant, Role.DOMAIN_ADMIN),
        acting(world.tenant, Role.DOMAIN_ADMIN),
    )
    for one, given in ((his, domain), (others, world.domain)):
        assert one.user is not None
        set_scope(
            actor=admin,
            tenant=world.tenant,
            person=one.user,
            role=Role.DOMAIN_ADMIN,
            domain_ids={given.pk},
        )
    name_server.put(domain.name, "MX", "10 old.example.")
    look(admin, domain, 2)
    told = [f"DNS of {domain.name} needs repair"]
    assert (mails(his), mails(others), mails(all_of_them)) == (told, [], told)


def test_the_repair_is_told_too(domain: Domain, admin: Actor, name_server: NameServer) -> None:
    wanted = next(record for record in expected_records(domain) if record.record == "mx")
    name_server.put(domain.name, "MX", "10 old.example.")
    look(admin, domain, 2)
    name_server.put(domain.name, "MX", wanted.value)
    look(admin, domain, 2)
    assert mails(admin)[1:] == [f"DNS of {domain.name} changed"]


def test_silence_and_a_moment_of_it_are_no_change(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    name_server.mood = lambda _name: Mood.REFUSED
    look(admin, domain, 3)
    name_server.mood = lambda _name: Mood.TRUTH
    look(admin, domain, 3)
    assert mails(admin) == []


def test_a_change_that_was_taken_back_at_once_is_not_told(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    wanted = next(record for record in expected_records(domain) if record.record == "mx")
    name_server.put(domain.name, "MX", "10 old.example.")
    look(admin, domain, 1)
    name_server.put(domain.name, "MX", wanted.value)
    look(admin, domain, 3)
    assert mails(admin) == []


def test_the_overview_says_since_when(
    world: World, domain: Domain, admin: Actor, client: Client, name_server: NameServer
) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    name_server.put(domain.name, "MX", "10 old.example.")
    look(admin, domain, 1)
    domain.refresh_from_db()
    began = domain.dns_problems_since
    assert began is not None
    look(admin, domain, 2)
    domain.refresh_from_db()
    assert domain.dns_problems_since == began
    assert "Since " in client.get(f"/portal/{world.tenant.pk}/").content.decode()
