"""A domain that stands for another one: who may make it, what it refuses, what the page says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import NotAllowed
from accounts.models import AuditEvent, Role
from domains.errors import (
    AliasDomainRefused,
    DomainIsAlias,
    DomainNotEmpty,
    DomainNotProved,
    ForwardLoop,
    TargetRefused,
)
from domains.models import Address, CatchAll, Domain, DomainStatus
from domains.selectors import sender_addresses, targets_at
from domains.services.delete_domain import delete_domain
from domains.services.provision_mailbox import provision_mailbox
from domains.services.set_alias import create_alias
from domains.services.set_alias_domain import end_alias_domain, make_alias_domain
from domains.services.set_catch_all import set_catch_all
from domains.services.set_forwarder import create_forwarder
from domains.services.set_forwarding import set_forwarding
from tests.domains.conftest import acting
from tests.world import World, make_world, unique

if TYPE_CHECKING:
    from django.test import Client

    from accounts.actor import Actor


def domain_of(world: World, name: str = "", *, proved: bool = True) -> Domain:
    return Domain.objects.create(
        tenant=world.tenant,
        name=name or f"{unique('b')}.test",
        status=DomainStatus.ACTIVE if proved else DomainStatus.PENDING,
        ownership_token="t",
        verified_at=timezone.now() if proved else None,
    )


def ask(sql: str, *values: str) -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return sorted(row[0] for row in cursor.fetchall())


def test_every_address_works_at_the_alias_too(world: World, admin: Actor) -> None:
    person = world.person()
    other = domain_of(world)
    sales = create_alias(
        actor=admin, domain=world.domain, localpart="sales", mailboxes=[person.address]
    )
    make_alias_domain(actor=admin, domain=other, target=world.domain.name)
    local = person.address.partition("@")[0]
    assert sender_addresses(person.box) == [
        person.address,
        sales.address.email,
        f"{local}@{other.name}",
        f"sales@{other.name}",
    ]
    assert ("twin", f"{local}@{other.name}") in [
        (one.kind, one.address) for one in targets_at(person.box)
    ]
    entry = AuditEvent.objects.filter(action="domain.alias", target_id=other.pk).get()
    assert entry.changes == {"alias_of": ["", world.domain.name]}
    end_alias_domain(actor=admin, domain=other)
    assert len(sender_addresses(person.box)) == 2


def test_the_lookups_lead_to_the_address_behind(world: World, admin: Actor) -> None:
    person, catcher = world.person(), world.person()
    other = make_alias_domain(
        actor=admin, domain=domain_of(world), target=world.domain.name.upper() + "."
    )
    local = person.address.partition("@")[0]
    find = "SELECT destination FROM postfix_alias_domain(%s, %s) AS destination"
    assert ask(find, local, other.name) == [person.address]
    assert ask(find, "nobody", other.name) == []
    assert ask(find, local, world.domain.name) == []
    may = "SELECT login FROM postfix_alias_domain_senders(%s, %s) AS login"
    assert ask(may, local, other.name) == [person.address, f"{person.address}@webmail"]
    assert ask(may, "nobody", other.name) == []
    nets = "SELECT destination FROM postfix_catch_alls WHERE name = %s"
    assert ask(nets, other.name) == []
    set_catch_all(actor=admin, domain=world.domain, mailbox=catcher.address)
    assert ask(nets, other.name) == ask(nets, world.domain.name) == [catcher.address]
    end_alias_domain(actor=admin, domain=other)
    assert ask(find, local, other.name) == ask(nets, other.name) == []


def test_nothing_of_its_own_can_be_opened_in_it(world: World, admin: Actor) -> None:
    person = world.person()
    other = make_alias_domain(actor=admin, domain=domain_of(world), target=world.domain.name)
    with pytest.raises(DomainIsAlias):
        provision_mailbox(actor=admin, domain=other, localpart="x", name="X", shared=True)
    with pytest.raises(DomainIsAlias):
        create_alias(actor=admin, domain=other, localpart="x", mailboxes=[person.address])
    with pytest.raises(DomainIsAlias):
        set_catch_all(actor=admin, domain=other, mailbox=person.address)
    assert not Address.objects.filter(domain=other).exists()


def test_only_an_empty_domain_becomes_one(world: World, admin: Actor) -> None:
    other = domain_of(world)
    provision_mailbox(actor=admin, domain=other, localpart="x", name="X", shared=True)
    with pytest.raises(DomainNotEmpty) as caught:
        make_alias_domain(actor=admin, domain=other, target=world.domain.name)
    assert "1 mailbox" in str(caught.value.message)


def test_its_own_catch_all_goes(world: World, admin: Actor) -> None:
    other = domain_of(world)
    set_catch_all(actor=admin, domain=other, mailbox=world.person().address)
    make_alias_domain(actor=admin, domain=other, target=world.domain.name)
    assert not CatchAll.objects.filter(domain=other).exists()


def test_aliases_have_no_aliases(world: World, admin: Actor) -> None:
    one = make_alias_domain(actor=admin, domain=domain_of(world), target=world.domain.name)
    with pytest.raises(AliasDomainRefused):
        make_alias_domain(actor=admin, domain=domain_of(world), target=one.name)
    with pytest.raises(AliasDomainRefused):
        make_alias_domain(actor=admin, domain=world.domain, target=domain_of(world).name)


@pytest.mark.parametrize("target", ["", "no such name!", "nobody.test", "itself"])
def test_what_is_no_domain_of_ones_own_is_refused(target: str, world: World, admin: Actor) -> None:
    other = domain_of(world)
    name = other.name if target == "itself" else target
    with pytest.raises(AliasDomainRefused):
        make_alias_domain(actor=admin, domain=other, target=name)


def test_another_tenants_domain_is_as_good_as_none(world: World, admin: Actor) -> None:
    theirs = make_world().domain
    with pytest.raises(AliasDomainRefused):
        make_alias_domain(actor=admin, domain=domain_of(world), target=theirs.name)
    own = domain_of(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Domain.objects.filter(pk=own.pk).update(alias_of=theirs)


def test_an_unproved_domain_stands_for_nothing(world: World, admin: Actor) -> None:
    with pytest.raises(DomainNotProved):
        make_alias_domain(
            actor=admin, domain=domain_of(world, proved=False), target=world.domain.name
        )
    with pytest.raises(AliasDomainRefused):
        make_alias_domain(
            actor=admin, domain=domain_of(world), target=domain_of(world, proved=False).name
        )


def test_an_auditor_changes_nothing(world: World) -> None:
    auditor = acting(world.tenant, Role.AUDITOR)
    with pytest.raises(NotAllowed):
        make_alias_domain(actor=auditor, domain=domain_of(world), target=world.domain.name)
    with pytest.raises(NotAllowed):
        end_alias_domain(actor=auditor, domain=world.domain)


def test_circles_are_seen_through_an_alias_domain(world: World, admin: Actor) -> None:
    person = world.person()
    other = make_alias_domain(actor=admin, domain=domain_of(world), target=world.domain.name)
    twin = person.address.replace(world.domain.name, other.name)
    with pytest.raises(ForwardLoop):
        set_forwarding(actor=admin, mailbox=person.box, targets=[twin], keep_copy=False)
    with pytest.raises(TargetRefused):
        create_forwarder(
            actor=admin, domain=world.domain, localpart="f", targets=[f"nobody@{other.name}"]
        )
    create_forwarder(actor=admin, domain=world.domain, localpart="f", targets=[twin])


def test_the_end_of_the_domain_behind_leaves_an_empty_domain(world: World, admin: Actor) -> None:
    behind = domain_of(world)
    other = make_alias_domain(actor=admin, domain=domain_of(world), target=behind.name)
    delete_domain(actor=admin, domain=behind)
    other.refresh_from_db()
    assert other.alias_of_id is None


def test_names_are_shown_as_people_write_them(world: World, admin: Actor, client: Client) -> None:
    label = unique("hải-vân-")
    behind = domain_of(world, f"{label}.test".encode("idna").decode())
    other = domain_of(world)
    assert admin.user is not None
    client.force_login(admin.user)
    base = f"/portal/{world.tenant.pk}/domains/"
    refused = client.post(f"{base}{other.pk}/alias/", {"target": "nobody.test"})
    assert refused.status_code == 422
    assert "Choose another one of your domains." in refused.content.decode()
    made = client.post(f"{base}{other.pk}/alias/", {"target": f"{label}.test"})
    assert made.status_code == 302
    page = client.get(f"{base}{other.pk}/").content.decode()
    assert f"alias of {label}.test" in page
    assert "Add mailbox" not in page
    assert f"{label}.test" in client.get(f"{base}?q={other.name}").content.decode()
    assert other.name in client.get(f"{base}{behind.pk}/").content.decode()
    client.post(f"{base}{other.pk}/alias/end/")
    assert "alias of" not in client.get(f"{base}{other.pk}/").content.decode()


def test_programs_are_told_the_name_to_sign_in_with(
    world: World, admin: Actor, client: Client
) -> None:
    other = make_alias_domain(actor=admin, domain=domain_of(world), target=world.domain.name)
    content = client.get(
        "/mail/config-v1.1.xml",
        {"emailaddress": f"mai@{other.name}"},
        headers={"Host": f"autoconfig.{other.name}"},
    ).content.decode()
    assert f"<username>%EMAILLOCALPART%@{world.domain.name}</username>" in content
