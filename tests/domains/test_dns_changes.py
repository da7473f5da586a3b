"""What changed in the DNS of all domains: one list for a company, for a seller, for the operator."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Role, Tenant, User
from domains.models import DnsChange, DnsCheck, Domain, Verdict
from domains.selectors import dns_report, expected_records
from domains.services.register_domain import register_domain
from domains.services.request_dns_check import request_dns_check
from domains.services.set_scope import set_scope
from domains.services.verify_dns import verify_dns
from tests.domains.name_server import Mood, NameServer
from tests.world import World, make_world, operator_tenant, unique

if TYPE_CHECKING:
    from accounts.actor import Actor


@pytest.fixture
def domain(world: World, admin: Actor, name_server: NameServer) -> Domain:
    """A domain that was seen complete."""
    made = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('chg')}.test")
    name_server.zone(made.name)
    for record in expected_records(made):
        name_server.put(record.name, record.rdtype, record.value)
    look(admin, made)
    look(admin, made)
    return made


def look(actor: Actor, domain: Domain) -> None:
    assert verify_dns(check_id=request_dns_check(actor=actor, domain=domain).pk)
    domain.refresh_from_db()


def rows_of(person: User, tenant: Tenant, query: str = "") -> list[list[str]]:
    """Return the rows of the list as its file has them."""
    client = Client()
    client.force_login(person)
    answer = client.get(f"/portal/{tenant.pk}/domains/changes/?export=csv{query}")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]


def page_of(person: User, tenant: Tenant, end: str = "domains/changes/") -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(f"/portal/{tenant.pk}/{end}")
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_company_sees_every_change_of_its_domains_from_what_to_what(
    world: World, domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    assert admin.user is not None
    assert "Nothing changed" in page_of(admin.user, world.tenant)
    name_server.put(domain.name, "MX", "10 old.example.")
    look(admin, domain)
    ((_at, name, tenant, *change),) = rows_of(admin.user, world.tenant)
    assert (name, tenant) == (domain.name, world.tenant.name)
    assert change == ["MX", "Match", "Conflict", ""]
    text = page_of(admin.user, world.tenant)
    assert f'href="/portal/{world.tenant.pk}/domains/{domain.pk}/dns/"' in text
    assert "seen once" in text
    look(admin, domain)
    assert rows_of(admin.user, world.tenant)[0][-1]
    assert "confirmed" in page_of(admin.user, world.tenant)
    overview = page_of(admin.user, world.tenant, "")
    assert "in 1 domain since yesterday" in overview
    assert f'href="/portal/{world.tenant.pk}/domains/changes/"' in overview
    listed = page_of(admin.user, world.tenant, "domains/")
    assert f'href="/portal/{world.tenant.pk}/domains/changes/"' in listed


def test_silence_is_no_change_and_does_not_hide_one(
    world: World, domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    assert admin.user is not None
    name_server.mood = lambda _name: Mood.REFUSED
    look(admin, domain)
    assert rows_of(admin.user, world.tenant) == []
    name_server.mood = lambda _name: Mood.TRUTH
    name_server.put(domain.name, "MX")
    look(admin, domain)
    ((_at, _name, _tenant, *change),) = rows_of(admin.user, world.tenant)
    assert change[:3] == ["MX", "Match", "Missing"]
    assert [(c.record, c.after) for c in dns_report(domain).changes] == [("mx", Verdict.MISSING)]


def changed(domain: Domain, *, days: int = 0, after: Verdict = Verdict.MISSING) -> DnsChange:
    at = timezone.now() - timedelta(days=days)
    check = DnsCheck.objects.create(tenant=domain.tenant, domain=domain, finished_at=at)
    before = Verdict.MATCH if after != Verdict.MATCH else Verdict.MISSING
    return check.changes.create(
        tenant=domain.tenant, domain=domain, record="spf", before=before, after=after, at=at
    )


def test_sellers_see_their_customers_and_nobody_sees_beside_him(world: World) -> None:
    changed(world.domain)
    other = make_world()
    changed(other.domain)

    def seen(role: Role, tenant: Tenant) -> set[str]:
        return {row[1] for row in rows_of(world.admin_of(tenant, role).user, tenant)}

    assert seen(Role.COMPANY_ADMIN, world.tenant) == {world.domain.name}
    assert seen(Role.RESELLER, world.reseller) == {world.domain.name}
    assert {world.domain.name, other.domain.name} <= seen(Role.OPERATOR, operator_tenant())
    seller = world.admin_of(world.reseller, Role.RESELLER).user
    assert world.tenant.name in page_of(seller, world.reseller)
    stranger = Client()
    stranger.force_login(seller)
    assert stranger.get(f"/portal/{other.tenant.pk}/domains/changes/").status_code == 404


def test_whoever_is_given_some_domains_sees_the_changes_of_those(
    world: World, admin: Actor
) -> None:
    changed(world.domain)
    changed(Domain.objects.create(tenant=world.tenant, name=f"{unique('x')}.test"))
    person, role = world.admin_of(world.tenant, Role.DOMAIN_ADMIN).user, Role.DOMAIN_ADMIN
    assert len(rows_of(person, world.tenant)) == 2
    scope = [world.domain.pk]
    set_scope(actor=admin, tenant=world.tenant, person=person, role=role, domain_ids=scope)
    assert [row[1] for row in rows_of(person, world.tenant)] == [world.domain.name]


def test_the_list_begins_at_the_day_and_with_the_words_that_are_asked_for(
    world: World, admin: Actor
) -> None:
    assert admin.user is not None
    changed(world.domain, days=5)
    changed(world.domain, after=Verdict.MATCH)
    changed(Domain.objects.create(tenant=world.tenant, name=f"{unique('x')}.test"))
    week = timezone.localdate() - timedelta(days=7)

    def found(query: str) -> int:
        return len(rows_of(admin.user, world.tenant, query))  # type: ignore[arg-type]

    assert found("") == 2
    assert found(f"&since={week}") == 3
    assert found(f"&since={week}&show=broken") == 2
    assert found(f"&since={week}&show=mended") == 1
    assert found(f"&since={week}&q={world.domain.name[1:]}") == 2
    assert found("&since=9999-12-31") == found("&since=0001-01-01") == found("&since=soon") == 2
    text = page_of(admin.user, world.tenant, f"domains/changes/?since={week}&show=mended&q=no-such")
    assert "No change matches" in text


def test_a_change_moves_with_its_domain_and_goes_with_it(world: World) -> None:
    row = changed(world.domain)
    other = make_world()
    Domain.objects.filter(pk=world.domain.pk).update(tenant=other.tenant)
    row.refresh_from_db()
    assert row.tenant == other.tenant
    world.domain.delete()
    assert not DnsChange.objects.filter(pk=row.pk).exists()
