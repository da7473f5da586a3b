"""What a pen-tester tries at the walls between tenants: forged forms, foreign ids, links that act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Role, Tenant, User
from domains.models import Alias, Domain, Forwarder, Mailbox
from tests.access import TABLE, Row
from tests.scene import set_scene
from tests.world import World, make_world, operator_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGES = {row.name for row in TABLE if row.method == "GET"}
ACTING = [
    row
    for row in TABLE
    if row.method == "POST" and row.name.partition(":")[0] in {"accounts", "domains", "delivery"}
]


@pytest.fixture
def boss(world: World) -> Client:
    """A company admin's browser."""
    client = Client()
    client.force_login(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user)
    return client


@pytest.mark.parametrize("row", ACTING, ids=str)
def test_a_link_changes_nothing_and_a_form_without_its_token_is_refused(
    row: Row, world: World
) -> None:
    scene = set_scene(world)
    path = reverse(row.name, args=[scene.args[name] for name in row.args])
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(scene.people["operator"])
    if row.name not in PAGES:
        assert strict.get(path).status_code == 405
    refused = strict.post(path, dict(row.data), headers={"Origin": "null"})
    assert refused.status_code == 403
    as_text = strict.generic("POST", path, '{"role": "operator"}', content_type="text/plain")
    assert as_text.status_code == 403


EXTRA: Mapping[str, str] = {
    "tenant": "1",
    "tenant_id": "1",
    "owner": "1",
    "owner_id": "1",
    "domain_id": "1",
    "status": "deleting",
    "role": "operator",
    "is_staff": "1",
    "is_active": "",
    "password_hash": "x",
    "kind": "operator",
    "plan": "1",
    "path": "1.",
    "purge_after": "2020-01-01",
    "pool_bytes": "1",
    "is_scoped": "",
}


def test_fields_that_no_form_has_are_ignored(world: World, boss: Client) -> None:
    person = world.person()
    root = f"/portal/{world.tenant.pk}/"
    before = _row(person.box.pk)
    answer = boss.post(
        f"{root}mailboxes/{person.box.pk}/settings/",
        {
            **EXTRA,
            "name": "Mới",
            "quota": "1",
            "allow_imap": "on",
            "allow_pop3": "on",
            "allow_smtp": "on",
            "version": str(person.box.version),
        },
    )
    assert answer.status_code == 302
    after = _row(person.box.pk)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"name", "quota_bytes", "version"}
    tenant = Tenant.objects.values().get(pk=world.tenant.pk)
    boss.post(f"{root}settings/", {**EXTRA, "name": tenant["name"], "timezone": "", "language": ""})
    assert Tenant.objects.values().get(pk=world.tenant.pk) == tenant
    boss.post("/settings/profile/", {**EXTRA, "name": "Tôi"})
    assert not Membership.objects.filter(role=Role.OPERATOR, tenant=world.tenant).exists()


def test_nothing_of_another_company_is_changed_by_its_id(world: World, boss: Client) -> None:
    other = set_scene(make_world()).args
    before = _snapshot(other)
    for row in ACTING:
        names = [name for name in row.args if name not in {"tenant", "reseller"}]
        if not names:
            continue
        # one's own company in the address, the other's objects behind it
        args = [
            world.tenant.pk if name in {"tenant", "reseller"} else other[name] for name in row.args
        ]
        assert boss.post(reverse(row.name, args=args), dict(row.data)).status_code in {403, 404}
    assert _snapshot(other) == before


def _row(mailbox_id: int) -> dict[str, object]:
    return dict(Mailbox.objects.values().get(pk=mailbox_id))


def _snapshot(args: Mapping[str, int | str]) -> list[object]:
    return [
        Mailbox.objects.values().get(pk=args["mailbox"]),
        Domain.objects.values().get(pk=args["domain"]),
        Alias.objects.values().get(pk=args["alias"]),
        Forwarder.objects.values().get(pk=args["forwarder"]),
        User.objects.values("email", "password", "suspended_at").get(pk=args["colleague"]),
        list(Membership.objects.filter(user__pk=args["colleague"]).values_list("role", flat=True)),
    ]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.RESELLER])
def test_nobody_resets_the_password_of_somebody_above(
    world: World, boss: Client, role: Role
) -> None:
    above = world.admin_of(world.tenant, Role.AUDITOR).user
    Membership.objects.create(
        user=above,
        tenant=world.reseller if role == Role.RESELLER else operator_tenant(),
        role=role,
    )
    root = f"/portal/{world.tenant.pk}/people/{above.pk}/"
    for end in ("password/", "suspend/"):
        assert boss.post(root + end).status_code == 403
