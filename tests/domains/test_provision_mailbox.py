"""Opening a mailbox: everything in one transaction, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.errors import NotAllowed, WeakPassword
from accounts.models import (
    AccessChange,
    AuditEvent,
    Invitation,
    LoginName,
    Role,
    Tenant,
    TenantKind,
    User,
)
from domains.errors import (
    AddressReserved,
    AddressTaken,
    DomainNotProved,
    PersonElsewhere,
    QuotaRefused,
)
from domains.models import Address, Alias, DomainStatus, Mailbox
from domains.names import NameRefused
from domains.selectors import mailbox_by_address
from domains.services.provision_mailbox import provision_mailbox
from domains.services.register_domain import register_domain
from portal.errors import LimitReached
from tests.domains.conftest import acting
from tests.world import PASSWORD, World, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor

GB = 1_000_000_000


def test_a_mailbox_with_a_password_is_whole(world: World, admin: Actor) -> None:
    made = provision_mailbox(
        actor=admin,
        domain=world.domain,
        localpart="Ha.Tran",
        name="  Trần   Thu Hà ",
        quota_bytes=2 * GB,
        password=PASSWORD,
    )
    email = f"ha.tran@{world.domain.name}"
    assert mailbox_by_address(email.upper()) == made.mailbox
    assert (made.mailbox.name, made.mailbox.quota_bytes) == ("Trần Thu Hà", 2 * GB)
    assert made.owner is not None
    assert (made.owner.email, made.owner.check_password(PASSWORD)) == (email, True)
    assert LoginName.objects.get(address=email).user == made.owner
    assert (made.is_new_person, made.link) == (True, None)
    assert AccessChange.objects.filter(mailbox_id=made.mailbox.pk, kick=False).exists()
    event = AuditEvent.objects.get(action="mailbox.create", target_id=made.mailbox.pk)
    assert event.target_name == email
    assert PASSWORD not in str(event.changes)


def test_without_a_password_the_owner_gets_a_link(world: World, admin: Actor) -> None:
    made = provision_mailbox(actor=admin, domain=world.domain, localpart="huy", name="Huy")
    assert made.link is not None
    assert made.owner is not None
    assert not made.owner.has_usable_password()
    assert Invitation.objects.get(user=made.owner).accepted_at is None
    assert made.link.url.split("/")[-2] not in str(
        AuditEvent.objects.filter(tenant_id=world.tenant.pk).values_list("changes", flat=True)
    )


def test_a_shared_mailbox_has_no_owner(world: World, admin: Actor) -> None:
    made = provision_mailbox(
        actor=admin, domain=world.domain, localpart="ketoan", name="Phòng Kế toán", shared=True
    )
    assert (made.owner, made.mailbox.owner, made.link) == (None, None, None)
    assert not LoginName.objects.filter(address=made.mailbox.address.email).exists()


def test_somebody_who_signs_in_with_the_address_gets_the_mailbox(
    world: World, admin: Actor
) -> None:
    email = f"mai@{world.domain.name}"
    mai = User.objects.create(email=email, tenant=world.tenant, name="Mai", password="!old")
    made = provision_mailbox(
        actor=admin, domain=world.domain, localpart="mai", name="Mai", password=PASSWORD
    )
    assert (made.owner, made.is_new_person, made.link) == (mai, False, None)
    mai.refresh_from_db()
    assert mai.password == "!old"
    assert LoginName.objects.get(address=email).user == mai


def test_somebody_of_another_company_does_not(world: World, admin: Actor) -> None:
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    User.objects.create(email=f"x@{world.domain.name}", tenant=other, password="!")
    with pytest.raises(PersonElsewhere) as refused:
        provision_mailbox(actor=admin, domain=world.domain, localpart="x", name="X")
    assert refused.value.field == "localpart"
    assert not Address.objects.filter(email=f"x@{world.domain.name}").exists()


def test_postmaster_and_abuse_reach_the_first_mailbox(world: World, admin: Actor) -> None:
    provision_mailbox(
        actor=admin, domain=world.domain, localpart="no-reply", name="Robot", shared=True
    )
    first = provision_mailbox(actor=admin, domain=world.domain, localpart="a", name="A")
    provision_mailbox(actor=admin, domain=world.domain, localpart="b", name="B")
    reserved = Alias.objects.filter(tenant=world.tenant).order_by("address__email")
    assert [alias.address.localpart for alias in reserved] == ["abuse", "postmaster"]
    for alias in reserved:
        (target,) = alias.targets.all()
        assert target.address_id == first.mailbox.address_id


@pytest.mark.parametrize("local", ["postmaster", "ABUSE", " abuse "])
def test_reserved_names_are_no_mailboxes(local: str, world: World, admin: Actor) -> None:
    with pytest.raises(AddressReserved) as refused:
        provision_mailbox(actor=admin, domain=world.domain, localpart=local, name="P")
    assert refused.value.field == "localpart"


@pytest.mark.parametrize("local", ["", "hà", "a b", "a..b", "|cmd", "a+b", "x" * 65, "a\r\nb"])
def test_a_bad_local_part_is_refused_at_its_field(local: str, world: World, admin: Actor) -> None:
    with pytest.raises(NameRefused) as refused:
        provision_mailbox(actor=admin, domain=world.domain, localpart=local, name="P")
    assert refused.value.field == "localpart"


@pytest.mark.parametrize("name", ["", "a\r\nBcc: x@y.test", "x" * 121])
def test_a_bad_name_is_refused_at_its_field(name: str, world: World, admin: Actor) -> None:
    with pytest.raises(NameRefused) as refused:
        provision_mailbox(actor=admin, domain=world.domain, localpart="p", name=name)
    assert refused.value.field == "name"


@pytest.mark.parametrize("first", ["mailbox", "alias", "forwarder"])
def test_an_address_is_taken_once_whatever_it_is(first: str, world: World, admin: Actor) -> None:
    from domains.services.set_alias import create_alias
    from domains.services.set_forwarder import create_forwarder

    box = world.person("box")
    if first == "alias":
        create_alias(actor=admin, domain=world.domain, localpart="x", mailboxes=[box.address])
    elif first == "forwarder":
        create_forwarder(actor=admin, domain=world.domain, localpart="x", targets=["a@b.test"])
    else:
        provision_mailbox(actor=admin, domain=world.domain, localpart="x", name="X")
    people = User.objects.count()
    with pytest.raises(AddressTaken) as refused:
        provision_mailbox(
            actor=admin, domain=world.domain, localpart="X", name="X", password=PASSWORD
        )
    assert refused.value.field == "localpart"
    assert User.objects.count() == people


@pytest.mark.parametrize(
    ("quota", "words"),
    [(-1, "negative"), (2**60, "disk"), (11 * GB, "10 GB"), (0, "10 GB")],
)
def test_a_quota_the_plan_does_not_allow_is_refused_by_name(
    quota: int, words: str, world: World, admin: Actor, plan: Callable[..., object]
) -> None:
    plan(max_mailbox_bytes=10 * GB, storage_bytes=300 * GB)
    with pytest.raises(QuotaRefused) as refused:
        provision_mailbox(
            actor=admin, domain=world.domain, localpart="q", name="Q", quota_bytes=quota
        )
    assert refused.value.field == "quota"
    assert words in str(refused.value.message)


def test_a_mailbox_is_never_larger_than_all_the_storage(
    world: World, admin: Actor, plan: Callable[..., object]
) -> None:
    plan(storage_bytes=5 * GB)
    with pytest.raises(QuotaRefused):
        provision_mailbox(
            actor=admin, domain=world.domain, localpart="q", name="Q", quota_bytes=6 * GB
        )


def test_the_plan_says_how_many(world: World, admin: Actor, plan: Callable[..., object]) -> None:
    plan(max_mailboxes=1)
    provision_mailbox(actor=admin, domain=world.domain, localpart="a", name="A")
    with pytest.raises(LimitReached):
        provision_mailbox(actor=admin, domain=world.domain, localpart="b", name="B")
    assert Mailbox.objects.filter(tenant=world.tenant).count() == 1
    assert not User.objects.filter(email=f"b@{world.domain.name}").exists()


def test_a_weak_first_password_opens_nothing(world: World, admin: Actor) -> None:
    with pytest.raises(WeakPassword) as refused:
        provision_mailbox(
            actor=admin, domain=world.domain, localpart="w", name="W", password="password"
        )
    assert refused.value.field == "password"
    assert not Address.objects.filter(email=f"w@{world.domain.name}").exists()


def test_nothing_is_opened_before_the_domain_is_proved(world: World, admin: Actor) -> None:
    domain = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('p')}.test")
    assert domain.status == DomainStatus.PENDING
    with pytest.raises(DomainNotProved):
        provision_mailbox(actor=admin, domain=domain, localpart="ceo", name="CEO")


@pytest.mark.parametrize("role", [Role.HELP_DESK, Role.AUDITOR])
def test_roles_that_only_look_open_nothing(role: Role, world: World) -> None:
    with pytest.raises(NotAllowed):
        provision_mailbox(
            actor=acting(world.tenant, role), domain=world.domain, localpart="x", name="X"
        )


def test_an_admin_of_another_company_opens_nothing_here(world: World) -> None:
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    with pytest.raises(NotAllowed):
        provision_mailbox(actor=acting(other), domain=world.domain, localpart="x", name="X")


def test_a_reseller_opens_one_for_a_customer_under_his_own_name(world: World) -> None:
    actor = acting(world.reseller, Role.RESELLER)
    made = provision_mailbox(actor=actor, domain=world.domain, localpart="x", name="X")
    event = AuditEvent.objects.get(action="mailbox.create", target_id=made.mailbox.pk)
    assert (event.tenant_id, event.acting_in) == (world.tenant.pk, world.reseller.name)
