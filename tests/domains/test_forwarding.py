"""Mail is passed on to addresses, never to itself, never in circles, never to programs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from accounts.errors import NotAllowed
from accounts.models import Role, Tenant, TenantKind
from domains.errors import (
    AddressReserved,
    AddressTaken,
    ChangedMeanwhile,
    DomainNotEmpty,
    ForwardLoop,
    TargetRefused,
    TooManyTargets,
)
from domains.models import Alias, CatchAll, Domain, DomainStatus, Forwarder, HandOver
from domains.names import NameRefused, parse_domain_name, show_address, show_domain
from domains.selectors import alias_at, catch_all_of, sender_addresses
from domains.services.delete_domain import delete_domain
from domains.services.delete_mailbox import delete_mailbox
from domains.services.plan_departure import Wishes, draft_departure
from domains.services.provision_mailbox import provision_mailbox
from domains.services.purge_deleted import purge_deleted
from domains.services.read_targets import MAX_HOPS
from domains.services.set_alias import change_alias, create_alias, delete_alias
from domains.services.set_catch_all import clear_catch_all, set_catch_all
from domains.services.set_forwarder import change_forwarder, create_forwarder, delete_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.set_grant import set_grant
from portal.errors import LimitReached
from tests.domains.conftest import acting
from tests.world import Person, World, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accounts.actor import Actor


@pytest.fixture
def hoa(world: World) -> Person:
    return world.person("hoa")


@pytest.fixture
def nam(world: World) -> Person:
    return world.person("nam")


def forward(actor: Actor, person: Person, *targets: str) -> None:
    set_forwarding(actor=actor, mailbox=person.box, targets=targets, keep_copy=True)
    person.box.refresh_from_db()


# ---- a mailbox that forwards


def test_targets_are_stored_in_their_normal_form_once_each(hoa: Person, admin: Actor) -> None:
    forward(admin, hoa, " An@Partner.TEST ", "an@partner.test", "b@công-ty.test", "")
    assert hoa.box.forward_to == ["an@partner.test", "b@xn--cng-ty-ixa.test"]


def test_no_targets_end_the_forwarding(hoa: Person, admin: Actor) -> None:
    forward(admin, hoa, "an@partner.test")
    set_forwarding(actor=admin, mailbox=hoa.box, targets=[], keep_copy=False)
    hoa.box.refresh_from_db()
    assert (hoa.box.forward_to, hoa.box.keep_copy) == ([], True)


def test_an_editor_who_saw_an_older_state_is_told(hoa: Person, admin: Actor) -> None:
    forward(admin, hoa, "an@partner.test")
    with pytest.raises(ChangedMeanwhile):
        set_forwarding(actor=admin, mailbox=hoa.box, targets=[], keep_copy=True, version=0)


@pytest.mark.parametrize(
    "target",
    [
        "|cmd",
        "/var/mail/x",
        ":include:/etc/passwd",
        '"|id"@x.test',
        "a@",
        "@x.test",
        "a b@x.test",
        "a@localhost",
        "a@[127.0.0.1]",
        "a@x.test\0",
        "<a@x.test>",
    ],
)
def test_what_is_no_address_is_refused_and_named(target: str, hoa: Person, admin: Actor) -> None:
    with pytest.raises(TargetRefused) as refused:
        forward(admin, hoa, "an@partner.test", target)
    assert refused.value.field == "targets"
    assert "“" in str(refused.value.message)
    hoa.box.refresh_from_db()
    assert hoa.box.forward_to == []


def test_ten_thousand_targets_are_refused_by_number(hoa: Person, admin: Actor) -> None:
    with pytest.raises(TooManyTargets) as refused:
        forward(admin, hoa, *(f"p{number}@partner.test" for number in range(10_000)))
    assert "10000" in str(refused.value.message).replace(",", "").replace(".", "")
    assert "20" in str(refused.value.message)


def test_twenty_targets_are_fine(hoa: Person, admin: Actor) -> None:
    forward(admin, hoa, *(f"p{number}@partner.test" for number in range(20)))
    assert len(hoa.box.forward_to) == 20


@pytest.mark.parametrize("spelling", ["{0}", "{1}", "{2}"], ids=["plain", "upper", "tagged"])
def test_to_itself_is_refused(spelling: str, hoa: Person, admin: Actor) -> None:
    local, _at, domain = hoa.address.partition("@")
    target = spelling.format(hoa.address, hoa.address.upper(), f"{local}+x@{domain}")
    with pytest.raises(ForwardLoop) as refused:
        forward(admin, hoa, target)
    assert refused.value.field == "targets"


def test_a_loop_of_two_is_refused(hoa: Person, nam: Person, admin: Actor) -> None:
    forward(admin, hoa, nam.address)
    with pytest.raises(ForwardLoop) as refused:
        forward(admin, nam, hoa.address)
    assert hoa.address in str(refused.value.message)


def test_a_loop_of_two_companies_is_refused(hoa: Person, world: World, admin: Actor) -> None:
    from tests.world import make_world

    other = make_world()
    lan = other.person("lan")
    forward(admin, hoa, lan.address)
    with pytest.raises(ForwardLoop):
        forward(acting(other.tenant), lan, hoa.address)


def test_a_loop_through_everything_is_refused(
    hoa: Person, nam: Person, world: World, admin: Actor
) -> None:
    create_alias(actor=admin, domain=world.domain, localpart="al", mailboxes=[hoa.address])
    create_forwarder(
        actor=admin, domain=world.domain, localpart="fw", targets=[f"al@{world.domain.name}"]
    )
    forward(admin, hoa, nam.address)
    with pytest.raises(ForwardLoop):
        forward(admin, nam, f"fw+tag@{world.domain.name}")


def test_a_loop_through_a_catch_all_is_refused(
    hoa: Person, nam: Person, world: World, admin: Actor
) -> None:
    set_catch_all(actor=admin, domain=world.domain, mailbox=nam.address)
    with pytest.raises(ForwardLoop):
        forward(admin, nam, f"nobody@{world.domain.name}")
    clear_catch_all(actor=admin, domain=world.domain)
    forward(admin, nam, hoa.address)


def test_a_chain_without_end_is_cut_off(world: World, admin: Actor) -> None:
    people = [world.person(f"c{number}") for number in range(MAX_HOPS + 2)]
    # Built from its end, so that every step but the last one is short enough.
    pairs = list(pairwise(people))[::-1]
    for here, there in pairs[:-2]:
        forward(admin, here, there.address)
    with pytest.raises(ForwardLoop):
        forward(admin, *(pairs[-2][0], pairs[-2][1].address))


def test_an_address_of_ours_must_exist(hoa: Person, world: World, admin: Actor) -> None:
    with pytest.raises(TargetRefused) as refused:
        forward(admin, hoa, f"nam@{world.domain.name}")
    assert "nam@" in str(refused.value.message)
    world.person("nam")
    forward(admin, hoa, f"nam+thu@{world.domain.name}")


# ---- forwarders


def test_a_forwarder_passes_on_and_can_be_changed_and_deleted(world: World, admin: Actor) -> None:
    made = create_forwarder(
        actor=admin, domain=world.domain, localpart="Hoa.Don", targets=["an@partner.test"]
    )
    assert made.address.email == f"hoa.don@{world.domain.name}"
    changed = change_forwarder(
        actor=admin, forwarder=made, targets=["b@partner.test", "c@partner.test"], is_enabled=False
    )
    assert sorted(changed.targets.values_list("email", flat=True)) == [
        "b@partner.test",
        "c@partner.test",
    ]
    assert not changed.is_enabled
    delete_forwarder(actor=admin, forwarder=made)
    assert not Forwarder.objects.filter(pk=made.pk).exists()
    provision_mailbox(actor=admin, domain=world.domain, localpart="hoa.don", name="Hóa đơn")


def test_a_forwarder_to_itself_is_refused_and_leaves_nothing(world: World, admin: Actor) -> None:
    with pytest.raises(ForwardLoop):
        create_forwarder(
            actor=admin, domain=world.domain, localpart="x", targets=[f"x@{world.domain.name}"]
        )
    assert not Forwarder.objects.filter(tenant=world.tenant).exists()


def test_two_forwarders_in_a_circle_are_refused(world: World, admin: Actor) -> None:
    first = create_forwarder(
        actor=admin, domain=world.domain, localpart="a", targets=["an@partner.test"]
    )
    create_forwarder(
        actor=admin, domain=world.domain, localpart="b", targets=[f"a@{world.domain.name}"]
    )
    with pytest.raises(ForwardLoop):
        change_forwarder(actor=admin, forwarder=first, targets=[f"b@{world.domain.name}"])
    assert list(first.targets.values_list("email", flat=True)) == ["an@partner.test"]


def test_a_forwarder_needs_targets_a_free_address_and_room(
    world: World, admin: Actor, plan: Callable[..., object], hoa: Person
) -> None:
    with pytest.raises(TargetRefused):
        create_forwarder(actor=admin, domain=world.domain, localpart="f", targets=[" "])
    with pytest.raises(AddressTaken):
        create_forwarder(actor=admin, domain=world.domain, localpart="hoa", targets=["a@b.test"])
    with pytest.raises(AddressReserved):
        create_forwarder(actor=admin, domain=world.domain, localpart="abuse", targets=["a@b.test"])
    plan(max_forwarders=0)
    with pytest.raises(LimitReached):
        create_forwarder(actor=admin, domain=world.domain, localpart="f", targets=["a@b.test"])


# ---- aliases


def test_an_alias_delivers_to_many_and_they_send_as_it(
    hoa: Person, nam: Person, world: World, admin: Actor
) -> None:
    alias = create_alias(
        actor=admin,
        domain=world.domain,
        localpart="info",
        mailboxes=[hoa.address.upper(), nam.address],
    )
    email = f"info@{world.domain.name}"
    assert sender_addresses(hoa.box) == [hoa.address, email]
    assert sender_addresses(nam.box) == [nam.address, email]
    change_alias(actor=admin, alias=alias, mailboxes=[nam.address], is_enabled=False)
    assert sender_addresses(hoa.box) == [hoa.address]
    assert sender_addresses(nam.box) == [nam.address]


def test_an_address_is_taken_as_the_pages_show_it(world: World, admin: Actor) -> None:
    world.domain.name = parse_domain_name(f"công-{unique('ty')}.test").a_label
    world.domain.save(update_fields=["name"])
    one, two = world.person(), world.person()

    def everywhere(typed: str) -> Iterator[Callable[[], object]]:
        def wishes() -> Wishes:
            return Wishes(timezone.now(), 30, HandOver.FORWARD, colleague=typed)

        domain, address = world.domain, two.box.address
        yield lambda: create_alias(actor=admin, domain=domain, localpart="bd", mailboxes=[typed])
        yield lambda: set_catch_all(actor=admin, domain=domain, mailbox=typed)
        yield lambda: set_grant(actor=admin, address=address, grantee=typed, sends="as")
        yield lambda: draft_departure(actor=admin, mailbox=two.box, wishes=wishes())

    for deed in everywhere(show_address(one.address)):
        deed()
    assert alias_at(world.tenant, f"BD@{show_domain(world.domain.name)}").address.localpart == "bd"
    for deed in (*everywhere("khong"), lambda: alias_at(world.tenant, "khong")):
        with pytest.raises(NameRefused) as refusal:
            deed()
        assert refusal.value.field


def test_an_alias_of_one_person_is_a_name_to_sign_in_with(
    hoa: Person, nam: Person, world: World, admin: Actor
) -> None:
    alias = create_alias(actor=admin, domain=world.domain, localpart="h", mailboxes=[hoa.address])
    assert set(hoa.user.login_names.values_list("address", flat=True)) == {
        hoa.address,
        f"h@{world.domain.name}",
    }
    change_alias(actor=admin, alias=alias, mailboxes=[hoa.address, nam.address])
    assert hoa.user.login_names.count() == 1
    change_alias(actor=admin, alias=alias, mailboxes=[nam.address])
    assert nam.user.login_names.count() == 2
    delete_alias(actor=admin, alias=alias)
    assert nam.user.login_names.count() == 1


def test_an_alias_delivers_only_to_mailboxes_here(hoa: Person, world: World, admin: Actor) -> None:
    from tests.world import make_world

    foreign = make_world().person("lan")
    for target in ("an@partner.test", foreign.address, f"nobody@{world.domain.name}", ""):
        with pytest.raises(TargetRefused) as refused:
            create_alias(actor=admin, domain=world.domain, localpart="al", mailboxes=[target])
        assert refused.value.field == "mailboxes"
    with pytest.raises(TooManyTargets):
        create_alias(
            actor=admin,
            domain=world.domain,
            localpart="al",
            mailboxes=[f"p{number}@{world.domain.name}" for number in range(101)],
        )
    assert not Alias.objects.filter(address__localpart="al").exists()


def test_an_alias_to_who_forwards_to_it_is_refused(hoa: Person, world: World, admin: Actor) -> None:
    alias = create_alias(actor=admin, domain=world.domain, localpart="al", mailboxes=[hoa.address])
    with pytest.raises(ForwardLoop):
        forward(admin, hoa, alias.address.email)


def test_postmaster_stays_switched_on_and_cannot_be_deleted(
    hoa: Person, world: World, admin: Actor
) -> None:
    provision_mailbox(actor=admin, domain=world.domain, localpart="a", name="A")
    alias = Alias.objects.get(address__email=f"postmaster@{world.domain.name}")
    with pytest.raises(AddressReserved):
        delete_alias(actor=admin, alias=alias)
    with pytest.raises(AddressReserved):
        change_alias(actor=admin, alias=alias, mailboxes=[hoa.address], is_enabled=False)
    change_alias(actor=admin, alias=alias, mailboxes=[hoa.address])
    assert alias.address.email in sender_addresses(hoa.box)


def test_reserved_aliases_do_not_count(
    hoa: Person, world: World, admin: Actor, plan: Callable[..., object]
) -> None:
    provision_mailbox(actor=admin, domain=world.domain, localpart="a", name="A")
    plan(max_aliases=1)
    create_alias(actor=admin, domain=world.domain, localpart="x", mailboxes=[hoa.address])
    with pytest.raises(LimitReached):
        create_alias(actor=admin, domain=world.domain, localpart="y", mailboxes=[hoa.address])


# ---- catch-all, and the end of a domain


def test_a_catch_all_is_one_of_the_tenants_mailboxes(
    hoa: Person, world: World, admin: Actor
) -> None:
    set_catch_all(actor=admin, domain=world.domain, mailbox=f" {hoa.address.upper()} ")
    assert catch_all_of(world.domain) == hoa.address
    for bad in ("an@partner.test", f"nobody@{world.domain.name}", ""):
        with pytest.raises(TargetRefused if bad else NameRefused):
            set_catch_all(actor=admin, domain=world.domain, mailbox=bad)
    clear_catch_all(actor=admin, domain=world.domain)
    clear_catch_all(actor=admin, domain=world.domain)
    assert not CatchAll.objects.filter(domain=world.domain).exists()


def test_a_domain_goes_only_when_it_is_empty(world: World, admin: Actor) -> None:
    made = provision_mailbox(actor=admin, domain=world.domain, localpart="a", name="A")
    create_alias(
        actor=admin,
        domain=world.domain,
        localpart="al",
        mailboxes=[made.mailbox.address.email],
    )
    with pytest.raises(DomainNotEmpty) as refused:
        delete_domain(actor=admin, domain=world.domain)
    assert "1 mailbox, 1 alias" in str(refused.value.message)
    delete_mailbox(actor=admin, mailbox=made.mailbox, grace_days=0)
    with pytest.raises(DomainNotEmpty):
        delete_domain(actor=admin, domain=world.domain)
    purge_deleted()
    delete_domain(actor=admin, domain=world.domain)
    assert not Domain.objects.filter(pk=world.domain.pk).exists()


def test_nobody_from_elsewhere_changes_addresses(world: World, hoa: Person) -> None:
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    for actor in (acting(other), acting(world.tenant, Role.AUDITOR)):
        for attempt in (
            lambda a: create_forwarder(
                actor=a, domain=world.domain, localpart="f", targets=["a@b.test"]
            ),
            lambda a: create_alias(
                actor=a, domain=world.domain, localpart="f", mailboxes=[hoa.address]
            ),
            lambda a: set_catch_all(actor=a, domain=world.domain, mailbox=hoa.address),
            lambda a: delete_domain(actor=a, domain=world.domain),
        ):
            with pytest.raises(NotAllowed):
                attempt(actor)
    world.domain.refresh_from_db()
    assert world.domain.status == DomainStatus.ACTIVE
