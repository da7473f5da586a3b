"""Lists ask the database equally often, however long they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Plan, Tenant, TenantKind, User
from accounts.roles import Role
from accounts.services.record_audit import record_audit
from tests.world import plant, unique

if TYPE_CHECKING:
    from django.test import Client

    from accounts.actor import Actor
    from tests.world import World

BUDGET = 12


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def more(world: World, reseller: Actor, number: int) -> None:
    plan = Plan.objects.create(tenant=world.reseller, name=unique("Plan "))
    for _ in range(number):
        child = plant(
            Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("C "), plan=plan)
        )
        person = world.person().user
        person.memberships.create(tenant=world.tenant, role=Role.AUDITOR)
        record_audit(
            reseller, world.tenant, action="tenant.change", target=("tenant", child.pk, child.name)
        )


@pytest.mark.parametrize(
    "address",
    [
        "/portal/{reseller}/",
        "/portal/{tenant}/",
        "/portal/{reseller}/tenants/{tenant}/",
        "/portal/{tenant}/people/{person}/",
        "/portal/{reseller}/tenants/",
        "/portal/{reseller}/tenants/?q=C&show=suspended&sort=-plan",
        "/portal/{reseller}/plans/",
        "/portal/{tenant}/people/",
        "/portal/{tenant}/people/?show=all&q=p",
        "/portal/{tenant}/audit/",
        "/portal/{reseller}/audit/?below=on&q=C",
    ],
)
def test_a_list_costs_the_same_at_ten_times_the_rows(
    world: World, reseller: Actor, client: Client, address: str
) -> None:
    assert reseller.user is not None
    client.force_login(reseller.user)
    clerk = world.admin_of(world.tenant, Role.AUDITOR).user
    path = address.format(reseller=world.reseller.pk, tenant=world.tenant.pk, person=clerk.pk)
    more(world, reseller, 2)
    few = queries(client, path)
    more(world, reseller, 18)
    assert queries(client, path) == few
    assert few <= BUDGET


def test_the_search_finds_a_tenant_by_its_domain(
    world: World, reseller: Actor, client: Client
) -> None:
    assert reseller.user is not None
    client.force_login(reseller.user)
    found = client.get(f"/portal/{world.reseller.pk}/tenants/", {"q": world.domain.name[:8]})
    assert world.tenant.name in found.content.decode()


def test_an_audit_entry_reads_like_a_sentence(world: World, admin: Actor, client: Client) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    record_audit(
        admin,
        world.tenant,
        action="mailbox.change",
        target=("mailbox", 1, "a@b.test"),
        changes={"quota_bytes": [1_000_000_000, 5_000_000_000], "allow_pop3": [True, False]},
    )
    text = client.get(f"/portal/{world.tenant.pk}/audit/").content.decode()
    assert "changed the mailbox" in text
    assert "Quota: 1 GB → 5 GB" in text
    assert "POP3: yes → no" in text


def test_the_audit_log_is_filtered_by_day_and_action(
    world: World, admin: Actor, client: Client
) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    for action in ("tenant.change", "plan.change"):
        record_audit(admin, world.tenant, action=action, target=("x", None, f"about {action}"))
    page = f"/portal/{world.tenant.pk}/audit/"
    only = client.get(page, {"action": "plan.change"}).content.decode()
    assert "about plan.change" in only
    assert "about tenant.change" not in only
    assert "No entry matches" in client.get(page, {"since": "2999-01-01"}).content.decode()
    assert client.get(page, {"since": "not a day", "page": "-1"}).status_code == 200


def test_foreign_entries_never_show(world: World, admin: Actor, client: Client) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    record_audit(admin, world.reseller, action="x.y", target=("x", None, "secret of the reseller"))
    for query in ("", "?below=on", "?q=secret"):
        text = client.get(f"/portal/{world.tenant.pk}/audit/{query}").content.decode()
        assert "secret of the reseller" not in text.replace('value="secret"', "")


def test_the_database_itself_refuses_to_change_the_trail(world: World, admin: Actor) -> None:
    from django.db import transaction
    from django.db.utils import ProgrammingError

    event = record_audit(admin, world.tenant, action="x.y", target=("x", None, "z"))
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(action="nothing")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).delete()


def test_people_of_the_company_are_not_listed_to_a_foreign_seller(
    world: World, client: Client
) -> None:
    other = plant(Tenant(parent=world.reseller.parent, kind=TenantKind.RESELLER, name=unique("R ")))
    client.force_login(world.admin_of(other, Role.RESELLER).user)
    assert client.get(f"/portal/{world.tenant.pk}/people/").status_code == 404
    assert client.get(f"/portal/{other.pk}/tenants/{world.tenant.pk}/").status_code == 404
    assert User.objects.filter(tenant=other).count() == 1
